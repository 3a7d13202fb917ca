using Gptq.Runtime.Generation;

namespace Gptq.Runtime.Tests.Generation;

public class StopStringFilterTests
{
    [Fact]
    public void Without_stop_strings_everything_passes_at_once()
    {
        var filter = new StopStringFilter([]);
        Assert.Equal("abc", filter.Push("abc"));
        Assert.Equal("", filter.Finish());
    }

    [Fact]
    public void The_beginning_of_a_stop_string_is_held_back_until_it_is_none()
    {
        var filter = new StopStringFilter(["</end>"]);
        Assert.Equal("a", filter.Push("a</"));
        Assert.Equal("", filter.Push("en"));
        Assert.Equal("</en x", filter.Push(" x"));
        Assert.Equal("", filter.Push("<"));
        Assert.Equal("<", filter.Finish());
        Assert.False(filter.Stopped);
    }

    [Fact]
    public void Text_ends_before_the_earliest_stop_string()
    {
        var filter = new StopStringFilter(["later", "now", "ow"]);
        Assert.Equal("not ", filter.Push("not n"));
        Assert.Equal("", filter.Push("ow or later"));
        Assert.True(filter.Stopped);
        Assert.Equal("", filter.Push("more"));
        Assert.Equal("", filter.Finish());
    }

    [Fact]
    public void However_the_text_is_cut_the_result_is_the_same()
    {
        const string Text = "aababcabcabd the end aabab";
        string[] stops = ["abcabd", "ababab"];
        var random = new Random(2);
        for (var round = 0; round < 200; round++)
        {
            var filter = new StopStringFilter(stops);
            var result = "";
            for (int start = 0, end; start < Text.Length; start = end)
            {
                end = Math.Min(Text.Length, start + random.Next(1, 5));
                result += filter.Push(Text[start..end]);
            }

            Assert.Equal("aababc", result + filter.Finish());
        }
    }
}
