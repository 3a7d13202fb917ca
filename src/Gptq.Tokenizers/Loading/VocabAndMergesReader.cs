using System.Text;
using Gptq.Tokenizers.Decoding;
using Gptq.Tokenizers.Models;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads vocab.json with merges.txt: the byte-level tokenizers of GPT-2 and OPT.</summary>
internal static class VocabAndMergesReader
{
    public static (TokenizerDefinition Definition, SpecialTokens Special) Read(string directory, SpecialTokens special)
    {
        var vocabulary = new Vocabulary();
        var file = Path.Combine(directory, TokenizerFiles.VocabularyJson);
        foreach (var (token, id) in JsonValue.Read(file).Properties()) vocabulary.TryAdd(token, id.Id());
        special = WithDefaults(special, vocabulary);
        var definition = new TokenizerDefinition
        {
            Vocabulary = vocabulary,
            Model = new BpeModel(vocabulary, ReadMerges(Path.Combine(directory, TokenizerFiles.Merges), vocabulary)),
            PreTokenizer = new ByteLevelPreTokenizer(special.AddPrefixSpace ?? false, splitWords: true),
            Decoder = new DecoderPlan { ByteLevel = true },
            AddedTokens = AddedTokens.Resolve(special.Added, vocabulary, normalizer: null),
        };
        return (definition, special);
    }

    /// <summary>What the two families mean where the files are silent: OPT puts &lt;/s&gt; before each text, GPT-2 puts nothing.</summary>
    private static SpecialTokens WithDefaults(SpecialTokens special, Vocabulary vocabulary)
    {
        var isOpt = HasId("<s>", 0) && HasId("<pad>", 1) && HasId("</s>", 2);
        special = special with { AddBos = special.AddBos ?? isOpt };
        if (special.Bos is not null || special.Eos is not null) return special;
        var named = isOpt ? "</s>" : "<|endoftext|>";
        if (!vocabulary.TryGetId(named, out _)) return special;
        string[] tokens = isOpt ? [named, "<pad>"] : [named];
        return special with
        {
            Bos = named,
            Eos = named,
            Unknown = named,
            Pad = isOpt ? "<pad>" : special.Pad,
            Added = [.. special.Added, .. tokens.Select(token => (token, (int?)null, new AddedToken(0, token) { Special = true }))],
        };

        bool HasId(string token, int expected) => vocabulary.TryGetId(token, out var id) && id == expected;
    }

    /// <summary>The pairs of merges.txt in their order, with their line's number.</summary>
    public static IEnumerable<(int Line, string Text)> MergeLines(string file)
    {
        using var reader = new StreamReader(new MemoryStream(TokenizerFiles.ReadBytes(file)), Encoding.UTF8);
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            if (text.Length == 0 || (line == 1 && text.StartsWith("#version", StringComparison.Ordinal))) continue;
            yield return (line, text);
        }
    }

    private static MergeTable ReadMerges(string file, Vocabulary vocabulary)
    {
        var merges = new MergeTable();
        var rank = 0;
        foreach (var (line, text) in MergeLines(file))
        {
            if (!MergeReader.TryAdd(merges, vocabulary, text, rank++))
                throw new TokenizerFormatException(file, $"Line {line} is no pair of tokens of the vocabulary: {text}");
        }

        return merges;
    }
}
