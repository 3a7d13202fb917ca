namespace Gptq.Tokenizers.Loading;

/// <summary>Finds out which format a folder holds.</summary>
internal static class TokenizerLoader
{
    public static Tokenizer Load(string directory)
    {
        var special = SpecialTokens.Read(directory);
        string Named(string name) => Path.Combine(directory, name);
        TokenizerDefinition definition;
        if (File.Exists(Named(TokenizerFiles.Json)))
        {
            definition = TokenizerJsonReader.Read(Named(TokenizerFiles.Json));
            special = WithDefaults(special, definition);
        }
        else if (File.Exists(Named(TokenizerFiles.SentencePiece)))
        {
            (definition, special) = SentencePieceReader.Read(Named(TokenizerFiles.SentencePiece), special);
        }
        else if (File.Exists(Named(TokenizerFiles.VocabularyJson)) && File.Exists(Named(TokenizerFiles.Merges)))
        {
            (definition, special) = VocabAndMergesReader.Read(directory, special);
        }
        else
        {
            throw new TokenizerFormatException(directory, "It holds no tokenizer.json, no tokenizer.model and no vocab.json with merges.txt.");
        }

        return new Tokenizer(directory, definition, special, TokenizerFiles.In(directory));
    }

    /// <summary>A tokenizer.json does not say which tokens begin and end a text: what it puts first begins it, and the end goes by customary names.</summary>
    private static SpecialTokens WithDefaults(SpecialTokens special, TokenizerDefinition definition)
    {
        string? Added(Func<AddedToken, bool> wanted) => definition.AddedTokens.FirstOrDefault(token => token.Special && wanted(token))?.Content;
        return special with
        {
            Bos = special.Bos ?? (definition.Template.Before is [var first, ..] ? Added(token => token.Id == first) : null),
            Eos = special.Eos ?? Added(token => token.Content is "</s>" or "<eos>" or "<|endoftext|>" or "<|end_of_text|>"),
        };
    }
}
