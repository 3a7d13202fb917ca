using Xunit;

namespace Verses.Tests;

/// <summary>Tests of code that has a model in it: with the model that ships.</summary>
public sealed class PoetTests : IDisposable
{
    private readonly Poet _poet = new();

    [Fact]
    public void A_verse_begins_with_the_line_and_ends_before_the_next()
    {
        var verse = _poet.Continue("Now is the winter", seed: 1);

        Assert.StartsWith("Now is the winter", verse, StringComparison.Ordinal);
        Assert.True(verse.Length > "Now is the winter".Length);
        Assert.DoesNotContain('\n', verse);
    }

    [Fact]
    public void The_same_seed_gives_the_same_verse() => Assert.Equal(_poet.Continue("My lord,", seed: 7), _poet.Continue("My lord,", seed: 7));

    [Fact]
    public void Shakespeare_surprises_it_less_than_a_manual_does()
    {
        var verse = _poet.SurpriseAt("What say you to my suit? My lord, I will be thankful to your grace, and so farewell.");
        var manual = _poet.SurpriseAt("Press both buttons until the indicator blinks, then plug the USB cable into the adapter.");

        Assert.True(verse < manual, $"{verse} is not less than {manual}.");
    }

    public void Dispose() => _poet.Dispose();
}
