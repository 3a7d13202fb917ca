using System.Text.Json.Nodes;
using Gptq.Tests;

namespace Gptq.Tokenizers.Tests;

/// <summary>A tokenizer.json of each kind (handmade.json says where its expectations are from).</summary>
public class HandmadeTokenizersTests
{
    private static readonly JsonNode Document =
        JsonNode.Parse(File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "tests", "Gptq.Tokenizers.Tests", "handmade.json")))!;

    public static TheoryData<string> Names => [.. Document["tokenizers"]!.AsArray().Select(item => item!["name"]!.GetValue<string>())];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gives_the_ids_and_the_text(string name)
    {
        var item = Document["tokenizers"]!.AsArray().Single(item => item!["name"]!.GetValue<string>() == name)!;
        using var folder = new TemporaryFolder().Write("tokenizer.json", WholeTokenizer(item["tokenizer"]!));
        var tokenizer = Tokenizer.Load(folder.Path);
        foreach (var expected in item["cases"]!.AsArray())
        {
            var ids = expected!["ids"]!.AsArray().Select(id => id!.GetValue<int>()).ToArray();
            Assert.Equal(ids, tokenizer.Encode(expected["text"]!.GetValue<string>()));
            var decoded = expected["decoded"]!.GetValue<string>();
            Assert.Equal(decoded, tokenizer.Decode(ids));
            if (decoded.Contains('\uFFFD', StringComparison.Ordinal)) continue;
            var stream = tokenizer.CreateDecoder(skipSpecialTokens: false);
            Assert.Equal(decoded, string.Concat(ids.Select(stream.Append)) + stream.Finish());
        }
    }

    /// <summary>A tokenizer of handmade.json with its vocabulary put in.</summary>
    internal static string WholeTokenizer(string name) =>
        WholeTokenizer(Document["tokenizers"]!.AsArray().Single(item => item!["name"]!.GetValue<string>() == name)!["tokenizer"]!);

    private static string WholeTokenizer(JsonNode tokenizer)
    {
        var whole = tokenizer.DeepClone();
        var model = whole["model"]!;
        if (model["vocab"] is JsonValue name)
        {
            var small = Document["vocabularies"]![name.GetValue<string>()];
            model["vocab"] = small?["vocab"]!.DeepClone() ?? JsonNode.Parse(File.ReadAllText(Path.Combine(TestPaths.BardOpt, "vocab.json")));
            model["merges"] = small?["merges"]!.DeepClone()
                ?? new JsonArray([.. File.ReadLines(Path.Combine(TestPaths.BardOpt, "merges.txt")).Skip(1).Select(line => JsonValue.Create(line))]);
        }

        return whole.ToJsonString();
    }
}
