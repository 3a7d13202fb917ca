using Gptq.Tokenizers.Models;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads tokenizer.json, the format of Hugging Face's tokenizers library.</summary>
internal static class TokenizerJsonReader
{
    public static TokenizerDefinition Read(string file)
    {
        var root = JsonValue.Read(file);
        var normalizer = root.Find("normalizer") is { } normalizerJson ? NormalizerJson.Read(normalizerJson) : null;
        var (vocabulary, model) = ModelJson.Read(root.Get("model"));
        var added = new List<AddedToken>();
        foreach (var token in root.Find("added_tokens")?.Items() ?? [])
        {
            var flags = AddedTokenReader.Read(token, token.Get("id").Id());
            if (flags.Content.Length == 0) continue;
            // The vocabulary's id counts where it has the token.
            if (vocabulary.TryGetId(flags.Content, out var id)) flags = flags with { Id = id };
            added.Add(AddedTokens.Normalized(flags, normalizer));
        }

        return new TokenizerDefinition
        {
            Vocabulary = vocabulary,
            Model = model,
            Normalizer = normalizer,
            PreTokenizer = root.Find("pre_tokenizer") is { } preTokenizer ? PreTokenizerJson.Read(preTokenizer) : null,
            Decoder = DecoderJson.Read(root.Find("decoder")),
            AddedTokens = added,
            Template = root.Find("post_processor") is { } postProcessor ? TemplateJson.Read(postProcessor) : Template.Empty,
        };
    }
}
