using Gptq.Tests;

namespace Gptq.Tokenizers.Tests;

public class StreamingTests
{
    private static readonly Tokenizer Bard = Tokenizer.Load(TestPaths.BardOpt);

    [Fact]
    public void A_character_comes_when_it_is_whole()
    {
        // The vocabulary has no token for the emoji: four tokens, one for each byte.
        var ids = Bard.Encode("😀a");
        Assert.Equal(5, ids.Length);
        var stream = Bard.CreateDecoder();
        Assert.Equal(["", "", "", "😀", "a"], ids.Select(stream.Append));
        Assert.Equal("", stream.Finish());
    }

    [Fact]
    public void What_never_becomes_a_character_ends_as_the_replacement()
    {
        var ids = Bard.Encode("😀")[..3];
        var stream = Bard.CreateDecoder();
        Assert.All(ids, id => Assert.Equal("", stream.Append(id)));
        Assert.Equal("\uFFFD", stream.Finish());
        Assert.Equal("\uFFFD", Bard.Decode(ids));
    }

    [Fact]
    public void Bad_bytes_do_not_hold_back_what_follows()
    {
        var emoji = Bard.Encode("😀");
        int[] ids = [emoji[0], emoji[1], .. Bard.Encode("a"), emoji[3], .. Bard.Encode("b")];
        var stream = Bard.CreateDecoder();
        Assert.Equal(["", "", "\uFFFDa", "\uFFFD", "b"], ids.Select(stream.Append));
        Assert.Equal("\uFFFDa\uFFFDb", Bard.Decode(ids));
    }

    [Fact]
    public void Any_ids_in_any_order_give_the_same_text_streamed_or_at_once()
    {
        var random = new Random(7);
        for (var i = 0; i < 200; i++)
        {
            var ids = Enumerable.Range(0, 60).Select(_ => random.Next(Bard.VocabularySize)).ToArray();
            var stream = Bard.CreateDecoder(skipSpecialTokens: false);
            var parts = All(stream, ids);
            Assert.All(parts, part => Assert.False(part.Length > 0 && (char.IsLowSurrogate(part[0]) || char.IsHighSurrogate(part[^1]))));
            Assert.Equal(Bard.Decode(ids), string.Concat(parts));
        }
    }

    [Fact]
    public void Byte_tokens_stream_whole_characters_and_the_space_in_front_is_dropped_once()
    {
        using var folder = new TemporaryFolder().Write("tokenizer.json", HandmadeTokenizersTests.WholeTokenizer("llama2"));
        var tokenizer = Tokenizer.Load(folder.Path);
        var ids = tokenizer.Encode(" é𝐀 the");
        var stream = tokenizer.CreateDecoder();
        var parts = All(stream, ids).Where(part => part.Length > 0).ToArray();
        Assert.Equal(" é𝐀 the", string.Concat(parts));
        Assert.Contains("𝐀", parts);
        var cut = ids[..(Array.FindLastIndex(ids, id => tokenizer.TokenOf(id)!.StartsWith("<0x", StringComparison.Ordinal)))];
        Assert.EndsWith("\uFFFD", string.Concat(cut.Select(stream.Append)) + stream.Finish(), StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_left_out() => Assert.Equal("", Bard.Decode([-1, int.MaxValue, 99_999]));

    private static List<string> All(TokenDecoder stream, int[] ids)
    {
        var parts = ids.Select(stream.Append).ToList();
        parts.Add(stream.Finish());
        return parts;
    }
}
