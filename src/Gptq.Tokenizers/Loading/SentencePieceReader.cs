using Gptq.Tokenizers.Decoding;
using Gptq.Tokenizers.Models;
using Gptq.Tokenizers.Normalization;
using Gptq.Tokenizers.PreTokenization;
using static Gptq.Tokenizers.Loading.SentencePieceModel;

namespace Gptq.Tokenizers.Loading;

/// <summary>Builds a tokenizer from tokenizer.model: what Hugging Face's LlamaTokenizer makes of it.</summary>
internal static class SentencePieceReader
{
    public static (TokenizerDefinition Definition, SpecialTokens Special) Read(string file, SpecialTokens special)
    {
        try
        {
            return Build(Parse(TokenizerFiles.ReadBytes(file)), file, special);
        }
        catch (InvalidDataException exception)
        {
            throw new TokenizerFormatException(file, exception.Message, exception);
        }
    }

    private static (TokenizerDefinition Definition, SpecialTokens Special) Build(SentencePieceModel model, string file, SpecialTokens special)
    {
        if (model.Pieces.Count is 0 or > Vocabulary.MaximumSize) throw new InvalidDataException($"It has {model.Pieces.Count} pieces.");
        if (model.Pieces.FindIndex(piece => piece.Kind == PieceKind.Unknown) is not (>= 0 and var unknown))
            throw new InvalidDataException("It has no piece for unknown characters.");
        var vocabulary = new Vocabulary();
        for (var id = 0; id < model.Pieces.Count; id++) vocabulary.TryAdd(model.Pieces[id].Text, id);
        ITokenModel tokenModel = model.ModelType switch
        {
            1 => BuildUnigram(model, vocabulary, unknown),
            2 => BuildBpe(model, unknown),
            _ => throw new InvalidDataException($"Its model type is {model.ModelType}; 1 (Unigram) and 2 (BPE) are supported."),
        };
        special = WithDefaults(special, model, vocabulary, file);
        var scheme = !model.AddDummyPrefix ? PrependScheme.Never : special.Legacy ?? true ? PrependScheme.Always : PrependScheme.First;
        var map = model.CharsMap.Length > 0 ? new CharsMap(model.CharsMap) : null;
        var definition = new TokenizerDefinition
        {
            Vocabulary = vocabulary,
            Model = tokenModel,
            Normalizer = new SentencePieceNormalizer(map, model.RemoveExtraWhitespaces, scheme, model.EscapeWhitespaces),
            Decoder = new DecoderPlan
            {
                Replacements = [(SentencePieceNormalizer.SpaceMark, " ")],
                ByteFallback = model.ByteFallback,
                StripAtStart = model.AddDummyPrefix ? 1 : 0,
            },
            AddedTokens = BuildAddedTokens(model, vocabulary, special),
        };
        return (definition, special);
    }

    private static bool IsText(PieceKind kind) => kind is PieceKind.Normal or PieceKind.UserDefined;

    private static UnigramModel BuildUnigram(SentencePieceModel model, Vocabulary vocabulary, int unknown)
    {
        var pieces = model.Pieces.Select((piece, id) => (piece.Text, Id: id)).Where(piece => IsText(model.Pieces[piece.Id].Kind));
        return new UnigramModel(vocabulary, pieces, [.. model.Pieces.Select(piece => (double)piece.Score)], unknown, model.ByteFallback, single: true);
    }

    /// <summary>Two neighbours merge where their union is a piece; the piece of the highest score goes first.</summary>
    private static BpeModel BuildBpe(SentencePieceModel model, int unknown)
    {
        // Control pieces and bytes are no result of merging.
        var text = new Vocabulary();
        for (var id = 0; id < model.Pieces.Count; id++)
            if (IsText(model.Pieces[id].Kind) || model.Pieces[id].Kind == PieceKind.Byte) text.TryAdd(model.Pieces[id].Text, id);
        var ranks = model.Pieces.Select(piece => piece.Score).Distinct().OrderDescending().Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var merges = new MergeTable();
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            var (piece, score, kind) = model.Pieces[id];
            if (kind != PieceKind.Normal) continue;
            for (var cut = 1; cut < piece.Length; cut++)
                if (text.TryGetId(piece.AsSpan(0, cut), out var left) && text.TryGetId(piece.AsSpan(cut), out var right)) merges.Add(left, right, ranks[score], id);
        }

        return new BpeModel(text, merges, model.ByteFallback) { UnknownId = unknown, FuseUnknown = true };
    }

    private static SpecialTokens WithDefaults(SpecialTokens special, SentencePieceModel model, Vocabulary vocabulary, string file)
    {
        string? Control(string name) => vocabulary.TryGetId(name, out var id) && model.Pieces[id].Kind == PieceKind.Control ? name : null;
        special = special with
        {
            Bos = special.Bos ?? Control("<s>") ?? Control("<bos>"),
            Eos = special.Eos ?? Control("</s>") ?? Control("<eos>"),
        };
        if (special.AddBos == true && special.Bos is null) throw new TokenizerFormatException(file, "add_bos_token is true, but no token begins a text.");
        return special with { AddBos = special.AddBos ?? special.Bos is not null };
    }

    private static IReadOnlyList<AddedToken> BuildAddedTokens(SentencePieceModel model, Vocabulary vocabulary, SpecialTokens special)
    {
        var tokens = new Dictionary<int, AddedToken>();
        for (var id = 0; id < model.Pieces.Count; id++)
        {
            var (text, _, kind) = model.Pieces[id];
            if (kind is PieceKind.Control or PieceKind.Unknown)
                tokens[id] = new AddedToken(id, text) { Special = true };
            else if (kind == PieceKind.UserDefined)
                tokens[id] = new AddedToken(id, text) { Normalized = true };
        }

        foreach (var token in AddedTokens.Resolve(special.Added, vocabulary, normalizer: null))
            tokens[token.Id] = token with { Normalized = false };
        return [.. tokens.Values];
    }
}
