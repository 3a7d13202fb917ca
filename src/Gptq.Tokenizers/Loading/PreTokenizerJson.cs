using System.Text;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads the "pre_tokenizer" of a tokenizer.json.</summary>
internal static class PreTokenizerJson
{
    private static readonly RunePattern Spaces = new(Rune.IsWhiteSpace, runs: false);

    public static IPreTokenizer Read(JsonValue value) => value.Get("type").String() switch
    {
        "Sequence" => new SequencePreTokenizer([.. value.Get("pretokenizers").Items().Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(value.FindBoolean("add_prefix_space") ?? true, value.FindBoolean("use_regex") ?? true),
        "Split" => new SplitPreTokenizer(PatternJson.Read(value.Get("pattern")), ReadBehavior(value), value.FindBoolean("invert") ?? false),
        "Metaspace" => new MetaspacePreTokenizer(value.FindString("replacement") ?? "▁", ReadPrependScheme(value), value.FindBoolean("split") ?? true),
        "Digits" => new SplitPreTokenizer(
            new RunePattern(Rune.IsNumber, runs: !(value.FindBoolean("individual_digits") ?? false)), SplitBehavior.Isolated),
        "Punctuation" => new SplitPreTokenizer(new RunePattern(Characters.IsPunctuation, runs: false), ReadBehavior(value)),
        "WhitespaceSplit" => new SplitPreTokenizer(Spaces, SplitBehavior.Removed),
        "Whitespace" => new SequencePreTokenizer(
            [new SplitPreTokenizer(Spaces, SplitBehavior.Removed), new SplitPreTokenizer(new RunePattern(Characters.IsWord, runs: true), SplitBehavior.Isolated)]),
        "CharDelimiterSplit" => new SplitPreTokenizer(new LiteralPattern(value.Get("delimiter").String()), SplitBehavior.Removed),
        var type => throw value.Error($"is of type {type}, which is not supported"),
    };

    /// <summary>Files from before prepend_scheme say add_prefix_space.</summary>
    internal static PrependScheme ReadPrependScheme(JsonValue value) => value.FindString("prepend_scheme") switch
    {
        "always" => PrependScheme.Always,
        "first" => PrependScheme.First,
        "never" => PrependScheme.Never,
        null => value.FindBoolean("add_prefix_space") ?? true ? PrependScheme.Always : PrependScheme.Never,
        var scheme => throw value.Error($"has the prepend_scheme {scheme}; always, first and never are known"),
    };

    private static SplitBehavior ReadBehavior(JsonValue value) => value.FindString("behavior") switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" or null => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        var behavior => throw value.Error($"has the behavior {behavior}, which does not exist"),
    };
}
