using System.Globalization;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Tests;

public class PatternTests
{
    public static TheoryData<string> Expressions => [Gpt2Pattern.Expression, Cl100kPattern.Llama3Expression, Cl100kPattern.QwenExpression];

    [Theory]
    [MemberData(nameof(Expressions))]
    public void The_scanners_find_what_the_expressions_find(string expression)
    {
        string[] parts =
        [
            "a", "B", "é", "中", "𠮷", "𝐀", "𝟘", "😀", "1", "23", "½", "'", "s", "LL", "'re", " ", "  ", "\n", "\r\n", "\t", "\u3000", "\u0085", ".", "?!", "-", "\u0301", "\u200d", "_",
        ];
        var random = new Random(3);
        var scanner = TextPatterns.ForExpression(expression);
        var regex = new RegexPattern(expression);
        Assert.IsNotType<RegexPattern>(scanner);
        for (var i = 0; i < 3000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
            List<(int, int)> scanned = [], matched = [];
            scanner.Find(text, scanned);
            regex.Find(text, matched);
            Assert.Equal(matched, scanned);
        }
    }

    [Fact]
    public void Stand_ins_have_the_category_they_stand_for()
    {
        foreach (var category in Enum.GetValues<UnicodeCategory>())
        {
            var standIn = RegexPattern.StandIn(category);
            Assert.InRange(standIn, '\uA000', '\uFFFF');
            if (standIn != '\uFDD0') Assert.Equal(category, CharUnicodeInfo.GetUnicodeCategory(standIn));
        }

        Assert.Equal(UnicodeCategory.OtherNotAssigned, CharUnicodeInfo.GetUnicodeCategory('\uFDD0'));
    }

    [Fact]
    public void Sets_inside_sets_add_their_members()
    {
        var found = new List<(int, int)>();
        new RegexPattern(@" ?[^(\s|[.,!?…。，、।۔،])]+").Find("ab, c(d)|e", found);
        Assert.Equal([(0, 2), (3, 5), (6, 7), (9, 10)], found);
    }

    [Theory]
    [InlineData(@"[[:alpha:]]+")]
    [InlineData(@"[a[^b]]+")]
    [InlineData(@"\h+")]
    [InlineData(@"a++")]
    [InlineData(@"[\p{Han}]+")]
    [InlineData("[a-\uFFFF]")]
    [InlineData("𠮷")]
    public void What_would_mean_something_else_is_refused(string expression) =>
        Assert.Throws<NotSupportedException>(() => new RegexPattern(expression));
}
