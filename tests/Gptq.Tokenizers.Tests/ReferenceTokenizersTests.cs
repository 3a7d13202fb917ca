using System.Text.Json;
using System.Text.Json.Nodes;
using Gptq.Tests;

namespace Gptq.Tokenizers.Tests;

/// <summary>Ids and decoded text against Hugging Face's own implementation, on every string of the reference folder.</summary>
/// <remarks>The head of each expected.json says which rule each field follows.</remarks>
public class ReferenceTokenizersTests
{
    public static TheoryData<string> Tokenizers
    {
        get
        {
            var root = TestPaths.Reference is { } reference ? Path.Combine(reference, "tokenizers") : null;
            return root is not null && Directory.Exists(root) ? [.. Directory.GetDirectories(root).Select(path => Path.GetFileName(path)!).Order()] : [""];
        }
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Tokenizer_json_gives_the_ids_and_the_text(string name)
    {
        var folder = Require(name, "tokenizer.json");
        using var temporary = new TemporaryFolder().Copy(folder, "tokenizer.json");
        var tokenizer = Tokenizer.Load(temporary.Path);
        CheckIds(folder, "ids", text => tokenizer.Encode(text));
        CheckIds(folder, "ids_plain", text => tokenizer.Encode(text, addSpecialTokens: false, findSpecialTokens: false));
        CheckDecoding(folder, tokenizer);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Tokenizer_json_with_tokens_in_raw_text(string name)
    {
        var folder = Require(name, "tokenizer.json");
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer.json")))!;
        foreach (var token in json["added_tokens"]!.AsArray()) token!["normalized"] = false;
        using var temporary = new TemporaryFolder().Write("tokenizer.json", json.ToJsonString());
        var tokenizer = Tokenizer.Load(temporary.Path);
        CheckIds(folder, "ids_normalized_false", text => tokenizer.Encode(text));
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Vocab_and_merges_give_the_ids_and_the_text(string name)
    {
        var folder = Require(name, "merges.txt");
        using var temporary = new TemporaryFolder().Copy(folder, "vocab.json", "merges.txt");
        var tokenizer = Tokenizer.Load(temporary.Path);
        CheckIds(folder, "ids", text => tokenizer.Encode(text));
        CheckIds(folder, "ids_plain", text => tokenizer.Encode(text, addSpecialTokens: false, findSpecialTokens: false));
        CheckDecoding(folder, tokenizer);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Vocab_and_merges_as_one_file_give_the_ids_and_the_text(string name)
    {
        var folder = Require(name, "merges.txt");
        using var source = new TemporaryFolder().Copy(folder, "vocab.json", "merges.txt");
        using var json = new MemoryStream();
        Assert.True(Tokenizer.TryWriteJson(source.Path, json));
        using var temporary = new TemporaryFolder().Write("tokenizer.json", json.ToArray());
        var tokenizer = Tokenizer.Load(temporary.Path);
        CheckIds(folder, "ids", text => tokenizer.Encode(text));
        CheckIds(folder, "ids_plain", text => tokenizer.Encode(text, addSpecialTokens: false, findSpecialTokens: false));
        CheckDecoding(folder, tokenizer);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Vocab_and_merges_with_all_special_tokens_named(string name)
    {
        var folder = Require(name, "merges.txt");
        using var temporary = new TemporaryFolder().Copy(folder, "vocab.json", "merges.txt").Write("tokenizer_config.json", """
            { "bos_token": "</s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": { "content": "<unk>", "normalized": true },
              "additional_special_tokens": ["<s>"], "add_bos_token": true }
            """);
        var tokenizer = Tokenizer.Load(temporary.Path);
        CheckIds(folder, "ids_all4", text => tokenizer.Encode(text));
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Tokenizer_model_gives_the_ids(string name)
    {
        var folder = Require(name, "tokenizer.model");
        using var temporary = new TemporaryFolder().Copy(folder, "tokenizer.model");
        var tokenizer = Tokenizer.Load(temporary.Path);
        CheckIds(folder, "ids_normalized_false", text => tokenizer.Encode(text));
        CheckIds(folder, "ids_plain", text => tokenizer.Encode(text, addSpecialTokens: false, findSpecialTokens: false));
        foreach (var item in Cases(folder))
        {
            // SentencePiece writes a space and its own mark alike.
            var text = item.GetProperty("text").GetString()!;
            Assert.Equal(text.Replace('▁', ' '), tokenizer.Decode(Ids(item, "ids_plain")));
        }
    }

    private static string Require(string name, string file)
    {
        var folder = TestPaths.RequireReference("tokenizers", name);
        Assert.SkipUnless(File.Exists(Path.Combine(folder, file)), $"{name} has no {file}.");
        return folder;
    }

    private static void CheckIds(string folder, string field, Func<string, int[]> encode)
    {
        var checkedCases = 0;
        foreach (var item in Cases(folder).Where(item => item.TryGetProperty(field, out _)))
        {
            var text = item.GetProperty("text").GetString()!;
            Assert.True(Ids(item, field).SequenceEqual(encode(text)), $"{field} of {JsonSerializer.Serialize(text)}: [{string.Join(' ', Ids(item, field))}] expected, [{string.Join(' ', encode(text))}] found");
            checkedCases++;
        }

        Assert.SkipWhen(checkedCases == 0, $"The cases of {Path.GetFileName(folder)} have no {field}.");
    }

    private static void CheckDecoding(string folder, Tokenizer tokenizer)
    {
        foreach (var item in Cases(folder))
        {
            var ids = Ids(item, "ids");
            var decoded = tokenizer.Decode(ids);
            Assert.Equal(item.GetProperty("decoded").GetString(), decoded);
            var skipped = tokenizer.Decode(ids, skipSpecialTokens: true);
            Assert.Equal(tokenizer.Decode([.. ids.Where(id => !tokenizer.IsSpecial(id))]), skipped);

            // The reference leaves special tokens in where it finds them in normalized text; then both its fields are the same.
            var expected = item.GetProperty("decoded_skip_special").GetString();
            if (expected != item.GetProperty("decoded").GetString()) Assert.Equal(expected, skipped);

            var stream = tokenizer.CreateDecoder(skipSpecialTokens: false);
            Assert.Equal(decoded, string.Concat(ids.Select(stream.Append)) + stream.Finish());
        }
    }

    private static List<JsonElement> Cases(string folder) =>
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json"))).RootElement.GetProperty("cases").EnumerateArray()];

    private static int[] Ids(JsonElement item, string field) => [.. item.GetProperty(field).EnumerateArray().Select(id => id.GetInt32())];
}
