using Gptq.Tokenizers.Normalization;

namespace Gptq.Tokenizers.Tests;

public class UnicodeNormalizerTests
{
    [Theory]
    [InlineData("e\u0301", "\u00E9", "e\u0301", "\u00E9", "e\u0301")]
    [InlineData("\uFB01\u2460", "\uFB01\u2460", "\uFB01\u2460", "fi1", "fi1")]
    [InlineData("\uD55C", "\uD55C", "\u1112\u1161\u11AB", "\uD55C", "\u1112\u1161\u11AB")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307")]
    [InlineData("\u0958\u212B", "\u0915\u093C\u00C5", "\u0915\u093CA\u030A", "\u0915\u093C\u00C5", "\u0915\u093CA\u030A")]
    [InlineData("\U0001D15E\U0001D400", "\U0001D157\U0001D165\U0001D400", "\U0001D157\U0001D165\U0001D400", "\U0001D157\U0001D165A", "\U0001D157\U0001D165A")]
    [InlineData("a\u0315\u0300\u05AE\u0301b", "\u00E0\u05AE\u0301\u0315b", "a\u05AE\u0300\u0301\u0315b", "\u00E0\u05AE\u0301\u0315b", "a\u05AE\u0300\u0301\u0315b")]
    public void All_four_forms(string text, string nfc, string nfd, string nfkc, string nfkd)
    {
        Assert.Equal(nfc, Normalize(text, compatibility: false, compose: true));
        Assert.Equal(nfd, Normalize(text, compatibility: false, compose: false));
        Assert.Equal(nfkc, Normalize(text, compatibility: true, compose: true));
        Assert.Equal(nfkd, Normalize(text, compatibility: true, compose: false));
    }

    [Fact]
    public void Every_code_point_keeps_its_form_when_normalized_again()
    {
        for (var point = 0; point <= 0x10FFFF; point += point < 0x3000 ? 1 : 7)
        {
            if (point is >= 0xD800 and <= 0xDFFF) continue;
            var text = char.ConvertFromUtf32(point);
            var (nfc, nfd) = (Normalize(text, false, true), Normalize(text, false, false));
            Assert.Equal(nfd, Normalize(nfc, false, false));
            Assert.Equal(nfc, Normalize(nfd, false, true));
        }
    }

    [Fact]
    public void A_long_run_of_marks_is_sorted_in_reasonable_time()
    {
        var text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0323", 100_000));
        Assert.Equal(text.Length - 1, Normalize(text, false, true).Length);
    }

    private static string Normalize(string text, bool compatibility, bool compose) =>
        new UnicodeNormalizer(compatibility, compose).Normalize(text, atStart: true);
}
