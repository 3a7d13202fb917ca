using Gptq.Quantization.Caching;

namespace Gptq.Quantization.Tests.Caching;

public class CacheKeyTests
{
    private static FileDigest Digest(char digit) => new("/somewhere/model.safetensors", 10, new string(digit, 64));

    private static CacheKeyBuilder Sample(int version = 1) => new CacheKeyBuilder(version).AddText("options", "bits=4").AddFile("checkpoint", Digest('a'));

    [Fact]
    public void Key_is_the_same_today_and_next_year() =>
        // Computed by another program from the documented layout. A change here means that every user's cache starts from nothing.
        Assert.Equal("c8d2da389dde55255c5e55afff23fc960cee9197fff96df7e475e5adad6e4c04", Sample().Build().Hex);

    [Fact]
    public void Order_of_parts_does_not_matter() =>
        Assert.Equal(Sample().Build(), new CacheKeyBuilder(1).AddFile("checkpoint", Digest('a')).AddText("options", "bits=4").Build());

    [Fact]
    public void Place_of_a_file_does_not_matter() =>
        Assert.Equal(
            Sample().Build(),
            new CacheKeyBuilder(1).AddText("options", "bits=4").AddFile("checkpoint", Digest('a') with { Path = "/elsewhere" }).Build());

    [Fact]
    public void Every_part_matters()
    {
        CacheKeyBuilder[] builders =
        [
            Sample(),
            Sample(version: 2),
            Sample().AddText("more", ""),
            new CacheKeyBuilder(1).AddText("options", "bits=3").AddFile("checkpoint", Digest('a')),
            new CacheKeyBuilder(1).AddText("options", "bits=4").AddFile("checkpoint", Digest('b')),
            new CacheKeyBuilder(1).AddText("options", "bits=4").AddText("checkpoint", new string('a', 64)),
            new CacheKeyBuilder(1).AddText("option", "sbits=4").AddFile("checkpoint", Digest('a')),
        ];
        Assert.Distinct(builders.Select(builder => builder.Build()));
    }

    [Fact]
    public void Name_is_taken_once() => Assert.Throws<ArgumentException>(() => Sample().AddText("options", "bits=4"));

    [Fact]
    public void Text_that_is_no_unicode_is_refused() => Assert.ThrowsAny<ArgumentException>(() => Sample().AddText("broken", "\ud800"));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ABCDEF0000000000000000000000000000000000000000000000000000000000")]
    [InlineData("../../../../../../../../../../../../../../../../../../../../../etc")]
    public void Only_digests_are_keys(string? text) => Assert.False(CacheKey.TryParse(text, out _));

    [Fact]
    public void Key_can_be_read_back() => Assert.Equal(Sample().Build(), CacheKey.Parse(Sample().Build().ToString()));
}
