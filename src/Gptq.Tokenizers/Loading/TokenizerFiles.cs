namespace Gptq.Tokenizers.Loading;

/// <summary>The files a tokenizer consists of.</summary>
internal static class TokenizerFiles
{
    public const string Json = "tokenizer.json";
    public const string SentencePiece = "tokenizer.model";
    public const string VocabularyJson = "vocab.json";
    public const string Merges = "merges.txt";
    public const string Config = "tokenizer_config.json";
    public const string SpecialTokensMap = "special_tokens_map.json";
    public const string AddedTokens = "added_tokens.json";
    public const string ChatTemplate = "chat_template.jinja";

    /// <summary>The largest tokenizers known have 35 MB.</summary>
    private const long MostBytes = 256L << 20;

    private static readonly string[] All =
        [Json, SentencePiece, VocabularyJson, Merges, Config, SpecialTokensMap, AddedTokens, ChatTemplate];

    /// <summary>Those of the files that a folder holds.</summary>
    public static IReadOnlyList<string> In(string directory) => [.. All.Select(name => Path.Combine(directory, name)).Where(File.Exists)];

    /// <exception cref="TokenizerFormatException">The file is far larger than any tokenizer.</exception>
    public static byte[] ReadBytes(string file)
    {
        var length = new FileInfo(file).Length;
        if (length > MostBytes) throw new TokenizerFormatException(file, $"It has {length} bytes; a tokenizer has at most {MostBytes}.");
        var bytes = File.ReadAllBytes(file);
        return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
    }
}
