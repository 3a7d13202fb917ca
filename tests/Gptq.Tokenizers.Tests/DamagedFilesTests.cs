using System.Diagnostics;
using Gptq.Tests;

namespace Gptq.Tokenizers.Tests;

public class DamagedFilesTests
{
    [Fact]
    public void An_empty_folder_is_named()
    {
        using var folder = new TemporaryFolder();
        var exception = Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(folder.Path));
        Assert.Equal(folder.Path, exception.File);
        Assert.Contains("tokenizer.json", exception.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("[]", "$ must be an object.")]
    [InlineData("{}", "$ lacks \"model\".")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{}}}""", "WordPiece")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}""", "integer from 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":2147483647},"merges":[]}}""", "integer from 0")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}""", "$.model.merges[0]")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}}""", "$.model.merges[0]")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"\ud800":0},"merges":[]}}""", "surrogate")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[],"unk_token":"x"}}""", "unk_token")]
    [InlineData("""{"model":{"type":"Unigram","vocab":[["a",0]]}}""", "unk_id")]
    [InlineData("""{"model":{"type":"Unigram","unk_id":1,"vocab":[["a",0]]}}""", "unk_id")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"normalizer":{"type":"Nonsense"}}""", "Nonsense")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"normalizer":{"type":"Precompiled","precompiled_charsmap":"/////w=="}}""", "cut off")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"}}""", "not understood")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Isolated"}}""", "intersection")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"decoder":{"type":"CTC"}}""", "CTC")]
    [InlineData("""{"model":{"vocab":{},"merges":[]},"post_processor":{"type":"TemplateProcessing","single":[]}}""", "exactly once")]
    public void The_message_says_what_is_wrong(string json, string expected)
    {
        using var folder = new TemporaryFolder().Write("tokenizer.json", json);
        var exception = Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(folder.Path));
        Assert.Equal(Path.Combine(folder.Path, "tokenizer.json"), exception.File);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", "b c d")]
    [InlineData("a", "x y")]
    public void A_bad_line_of_merges_is_named(string token, string line)
    {
        using var folder = new TemporaryFolder().Write("vocab.json", $$"""{"{{token}}":0}""").Write("merges.txt", $"#version: 0.2\n{line}\n");
        var exception = Assert.Throws<TokenizerFormatException>(() => Tokenizer.Load(folder.Path));
        Assert.Contains($"Line 2 is no pair of tokens of the vocabulary: {line}", exception.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expression_that_takes_forever_is_given_up() =>
        Assert.Throws<NotSupportedException>(() =>
            new PreTokenization.RegexPattern("(a+)+$", TimeSpan.FromMilliseconds(50)).Find(new string('a', 40) + "b", []));

    /// <summary>Mutations of whole files: what loads also encodes and decodes; what does not says so in one way.</summary>
    [Theory]
    [InlineData("llama3")]
    [InlineData("llama2")]
    [InlineData("unigram-unk")]
    [InlineData("prefix-space")]
    public void Mutated_tokenizer_json_fails_in_one_way_only(string name)
    {
        var original = System.Text.Encoding.UTF8.GetBytes(HandmadeTokenizersTests.WholeTokenizer(name));
        Fuzz(original, "tokenizer.json", name.Length, Rounds(original.Length > 20_000 ? 250 : 1000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutated_tokenizer_model_fails_in_one_way_only(int modelType) =>
        Fuzz(SentencePieceTests.SmallModel(modelType), "tokenizer.model", modelType, Rounds(400));

    private const long MaxBytes = 256 << 20;
    private static readonly TimeSpan s_maxTime = TimeSpan.FromSeconds(20);

    /// <summary>GPTQ_FUZZ_ROUNDS makes a long run of it.</summary>
    private static int Rounds(int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable("GPTQ_FUZZ_ROUNDS"), System.Globalization.CultureInfo.InvariantCulture, out var rounds) ? rounds : usual;

    private static void Fuzz(byte[] original, string file, int seed, int rounds)
    {
        var random = new Random(seed);
        using var folder = new TemporaryFolder();
        var loaded = 0;
        for (var round = 0; round < rounds; round++)
        {
            folder.Write(file, Mutate(original, random));
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                var tokenizer = Tokenizer.Load(folder.Path);
                var ids = tokenizer.Encode("the </s> cat's 12 é 😀 <s>");
                tokenizer.Decode(ids);
                loaded++;
            }
            catch (TokenizerFormatException)
            {
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, MaxBytes);
            Assert.True(clock.Elapsed < s_maxTime, $"Round {round} of {file} took {clock.Elapsed}.");
        }

        Assert.InRange(loaded, 1, rounds - 1);
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        // Most of a file is vocabulary: half of the changes go to the parts around it.
        var bytes = original.ToList();
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var place = random.Next(2) == 0 ? random.Next(bytes.Count) : random.Next(Math.Min(bytes.Count, 1500));
            switch (random.Next(5))
            {
                case 0:
                    bytes[place] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[place] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(place, Math.Min(random.Next(1, 20), bytes.Count - place - 1));
                    break;
                case 3:
                    bytes.InsertRange(place, bytes.GetRange(place, Math.Min(random.Next(1, 20), bytes.Count - place)));
                    break;
                default:
                    bytes[place] = (byte)"0123456789\"{}[]:,-eNtf"[random.Next(22)];
                    break;
            }
        }

        return [.. random.Next(20) == 0 ? bytes[..random.Next(bytes.Count)] : bytes];
    }
}
