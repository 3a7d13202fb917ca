using Gptq.Tests;

namespace Gptq.Tokenizers.Tests;

/// <summary>The sample checkpoint's tokenizer: vocab.json and merges.txt with a tokenizer_config.json.</summary>
public class BardOptTests
{
    private static readonly Tokenizer Bard = Tokenizer.Load(TestPaths.BardOpt);

    [Fact]
    public void Reads_what_stands_beside_the_vocabulary()
    {
        Assert.Equal(2048, Bard.VocabularySize);
        Assert.Equal(2, Bard.BosId);
        Assert.Equal([2], Bard.EosIds);
        Assert.Equal(1, Bard.PadId);
        Assert.Equal("</s>", Bard.EosToken);
        Assert.Null(Bard.ChatTemplate);
        Assert.Equal(["vocab.json", "merges.txt", "tokenizer_config.json"], Bard.Files.Select(Path.GetFileName));
    }

    [Fact]
    public void Adds_no_bos_because_its_configuration_says_so() => Assert.Equal([39], Bard.Encode("#"));

    [Fact]
    public void Adds_bos_where_the_configuration_is_silent_as_opt_does()
    {
        using var folder = new TemporaryFolder().Copy(TestPaths.BardOpt, "vocab.json", "merges.txt");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([2, 39], tokenizer.Encode("#"));
        Assert.Equal([39], tokenizer.Encode("#", addSpecialTokens: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_file_says_the_same(bool withConfiguration)
    {
        string[] files = withConfiguration ? ["vocab.json", "merges.txt", "tokenizer_config.json"] : ["vocab.json", "merges.txt"];
        using var folder = new TemporaryFolder().Copy(TestPaths.BardOpt, files);
        var parts = Tokenizer.Load(folder.Path);
        using var json = new MemoryStream();
        Assert.True(Tokenizer.TryWriteJson(folder.Path, json));
        folder.Write("tokenizer.json", json.ToArray());
        Assert.False(Tokenizer.TryWriteJson(folder.Path, json));
        var whole = Tokenizer.Load(folder.Path);
        foreach (var text in new[] { "KING RICHARD:\nNow is  the winter", "#</s># <pad>\"\\", "naïve 中文 😀 \u0000", "" })
        {
            Assert.Equal(parts.Encode(text), whole.Encode(text));
            Assert.Equal(parts.Encode(text, addSpecialTokens: false, findSpecialTokens: false), whole.Encode(text, addSpecialTokens: false, findSpecialTokens: false));
            Assert.Equal(parts.Decode(parts.Encode(text), skipSpecialTokens: true), whole.Decode(parts.Encode(text), skipSpecialTokens: true));
        }

        Assert.Equal((parts.VocabularySize, parts.EosToken, string.Join(' ', parts.EosIds)), (whole.VocabularySize, whole.EosToken, string.Join(' ', whole.EosIds)));
        if (withConfiguration) Assert.Equal((parts.BosId, parts.PadId), (whole.BosId, whole.PadId));
    }

    [Fact]
    public void Special_tokens_in_text_are_found_unless_the_text_is_not_trusted()
    {
        Assert.Equal([39, 2, 39], Bard.Encode("#</s>#"));
        var plain = Bard.Encode("#</s>#", findSpecialTokens: false);
        Assert.DoesNotContain(2, plain);
        Assert.Equal("#</s>#", Bard.Decode(plain));
        Assert.Equal("##", Bard.Decode([39, 2, 39], skipSpecialTokens: true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("KING RICHARD:\nNow is the winter of our discontent\n\n  Made glorious summer")]
    [InlineData("naïve 中文 😀 𝐀𝟘 \u200d\u0000\u0085 e\u0301")]
    public void Text_survives_the_round_trip(string text)
    {
        var ids = Bard.Encode(text);
        Assert.Equal(text, Bard.Decode(ids));
        Assert.All(ids, id => Assert.InRange(id, 0, Bard.VocabularySize - 1));
    }

    [Fact]
    public void Random_text_survives_the_round_trip()
    {
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => RandomRune(random).ToString()));
            Assert.Equal(text, Bard.Decode(Bard.Encode(text, findSpecialTokens: false)));
        }
    }

    [Fact]
    public void Half_a_surrogate_pair_counts_as_the_replacement_character() =>
        Assert.Equal(Bard.Encode("a\uFFFDb\uFFFD"), Bard.Encode("a\uD83Db\uDE00"));

    [Fact]
    public void The_tokens_of_a_long_text_do_not_depend_on_the_cache()
    {
        var text = string.Concat(Enumerable.Repeat("Thou art the man. ", 500));
        var once = Tokenizer.Load(TestPaths.BardOpt).Encode(text);
        Parallel.For(0, 8, _ => Assert.Equal(once, Bard.Encode(text)));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData(" ")]
    [InlineData("\n \n")]
    [InlineData("9")]
    [InlineData("\u0301")]
    [InlineData("'")]
    [InlineData("<")]
    public void Time_grows_with_the_length_of_hostile_text_not_with_its_square(string part)
    {
        // A quadratic algorithm would need hours for this.
        var text = string.Concat(Enumerable.Repeat(part, 400_000 / part.Length));
        Assert.Equal(text, Bard.Decode(Bard.Encode(text)));
    }

    private static System.Text.Rune RandomRune(Random random)
    {
        while (true)
        {
            var value = random.Next(4) switch { 0 => random.Next(0x80), 1 => random.Next(0x800), 2 => random.Next(0x10000), _ => random.Next(0x110000) };
            if (System.Text.Rune.IsValid(value)) return new System.Text.Rune(value);
        }
    }
}
