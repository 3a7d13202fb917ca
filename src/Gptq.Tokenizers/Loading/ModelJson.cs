using System.Text.Json;
using Gptq.Tokenizers.Models;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads the "model" of a tokenizer.json.</summary>
internal static class ModelJson
{
    public static (Vocabulary Vocabulary, ITokenModel Model) Read(JsonValue model)
    {
        // Old files leave the type out; a list of scored tokens is a Unigram model's.
        var type = model.FindString("type") ?? (model.Get("vocab").IsArray ? "Unigram" : "BPE");
        return type switch
        {
            "BPE" => ReadBpe(model),
            "Unigram" => ReadUnigram(model),
            _ => throw model.Error($"is of type {type}; BPE and Unigram are supported"),
        };
    }

    private static (Vocabulary Vocabulary, ITokenModel Model) ReadBpe(JsonValue model)
    {
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (!string.IsNullOrEmpty(model.FindString(name))) throw model.Error($"has a {name}, which is not supported");
        var vocabulary = new Vocabulary();
        foreach (var (token, id) in model.Get("vocab").Properties()) vocabulary.TryAdd(token, id.Id());
        var merges = new MergeTable();
        var rank = 0;
        foreach (var merge in model.Get("merges").Items())
            if (!TryAddMerge(merges, vocabulary, merge, rank++)) throw merge.Error("is no pair of tokens of the vocabulary");
        int? unknown = null;
        if (model.FindString("unk_token") is { } token1)
            unknown = vocabulary.TryGetId(token1, out var id) ? id : throw model.Error($"has the unk_token {token1}, which is not in the vocabulary");
        return (vocabulary, new BpeModel(vocabulary, merges, model.FindBoolean("byte_fallback") ?? false)
        {
            UnknownId = unknown,
            FuseUnknown = model.FindBoolean("fuse_unk") ?? false,
            WholePiecesFirst = model.FindBoolean("ignore_merges") ?? false,
        });
    }

    private static bool TryAddMerge(MergeTable merges, Vocabulary vocabulary, JsonValue merge, int rank)
    {
        if (merge.Element.ValueKind != JsonValueKind.Array) return MergeReader.TryAdd(merges, vocabulary, merge.String(), rank);
        var pair = merge.Items().Take(3).Select(token => token.String()).ToArray();
        return pair.Length == 2 && MergeReader.TryAdd(merges, vocabulary, pair[0], pair[1], rank);
    }

    private static (Vocabulary Vocabulary, ITokenModel Model) ReadUnigram(JsonValue model)
    {
        var vocabulary = new Vocabulary();
        var pieces = new List<(string Token, int Id)>();
        var scores = new List<double>();
        foreach (var entry in model.Get("vocab").Items())
        {
            var pair = entry.Items().Take(3).ToArray();
            if (pair.Length != 2) throw entry.Error("must be a token and its score");
            var token = pair[0].String();
            if (!vocabulary.TryAdd(token, scores.Count)) throw model.Error("has too many tokens");
            pieces.Add((token, scores.Count));
            scores.Add(pair[1].Number());
        }

        var unknown = model.Get("unk_id").Id();
        if (unknown >= scores.Count) throw model.Error("has an unk_id outside its vocabulary");
        return (vocabulary, new UnigramModel(vocabulary, pieces, [.. scores], unknown, model.FindBoolean("byte_fallback") ?? false));
    }
}
