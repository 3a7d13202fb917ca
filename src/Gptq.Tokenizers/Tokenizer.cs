using Gptq.Tokenizers.Decoding;
using Gptq.Tokenizers.Loading;
using Gptq.Tokenizers.Models;
using Gptq.Tokenizers.Normalization;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers;

/// <summary>Text to token ids and back, as the checkpoint's own files say. Safe to use from several threads.</summary>
/// <remarks>
/// Ids are those of Hugging Face's tokenizers library, with one difference in decoding: special tokens are left out on demand even where they are
/// found in normalized text.
/// </remarks>
public sealed class Tokenizer
{
    private readonly INormalizer? _normalizer;
    private readonly IPreTokenizer? _preTokenizer;
    private readonly ITokenModel _model;
    private readonly Vocabulary _vocabulary;
    private readonly AddedVocabulary _added;
    private readonly Template _template;
    private readonly DecoderPlan _decoder;
    private readonly string _directory;

    internal Tokenizer(string directory, TokenizerDefinition definition, SpecialTokens special, IReadOnlyList<string> files)
    {
        _directory = directory;
        _normalizer = definition.Normalizer;
        _preTokenizer = definition.PreTokenizer;
        _model = definition.Model;
        _vocabulary = definition.Vocabulary;
        _added = new AddedVocabulary(definition.AddedTokens);
        _decoder = definition.Decoder;
        Files = files;
        ChatTemplate = special.ChatTemplate;
        BosToken = special.Bos;
        EosToken = special.Eos;
        BosId = special.Bos is { } bos ? IdOf(bos) : null;
        PadId = special.Pad is { } pad ? IdOf(pad) : null;
        EosIds = special.EosIds.Count > 0 ? special.EosIds : special.Eos is { } eos && IdOf(eos) is { } eosId ? [eosId] : [];
        _template = definition.Template;
        if (BosId is { } first && special.AddBos is { } addBos) _template = _template.WithFirst(first, addBos);
        if (special.Eos is { } end && IdOf(end) is { } last && special.AddEos is { } addEos) _template = _template.WithLast(last, addEos);
        VocabularySize = Math.Max(_vocabulary.Size, _added.Tokens.Select(token => token.Id + 1).DefaultIfEmpty(0).Max());
    }

    /// <summary>The tokenizer's files, as full paths: what a copy of the model needs.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>One more than the largest id. The model's own vocabulary may be larger, for padding.</summary>
    public int VocabularySize { get; }

    /// <summary>The id that begins a text, where the tokenizer names one.</summary>
    public int? BosId { get; }

    /// <summary>The ids that end a text; generation stops at any of them.</summary>
    public IReadOnlyList<int> EosIds { get; }

    /// <summary>The id that fills up shorter texts of a batch, where the tokenizer names one.</summary>
    public int? PadId { get; }

    /// <summary>The token that begins a text, where the tokenizer names one.</summary>
    public string? BosToken { get; }

    /// <summary>The token that ends a text, where the tokenizer names one.</summary>
    public string? EosToken { get; }

    /// <summary>The Jinja template that makes a conversation one text, where the tokenizer has one.</summary>
    public string? ChatTemplate { get; }

    /// <summary>Loads tokenizer.json, tokenizer.model, or vocab.json with merges.txt, whichever is there first, and what stands beside it.</summary>
    /// <param name="directory">A checkpoint's or a quantized model's folder.</param>
    /// <exception cref="TokenizerFormatException">A file is missing, damaged, or asks for something unsupported.</exception>
    public static Tokenizer Load(string directory) => TokenizerLoader.Load(directory);

    /// <summary>Writes vocab.json with merges.txt as one tokenizer.json, which some runtimes ask for. It gives the same ids.</summary>
    /// <param name="directory">A checkpoint's folder.</param>
    /// <param name="stream">Receives the file.</param>
    /// <returns>False, and nothing written, where there is a tokenizer.json already, or the tokenizer is of another kind.</returns>
    /// <exception cref="TokenizerFormatException">A file is damaged.</exception>
    public static bool TryWriteJson(string directory, Stream stream)
    {
        bool Has(string name) => File.Exists(Path.Combine(directory, name));
        if (Has(TokenizerFiles.Json) || Has(TokenizerFiles.SentencePiece) || !Has(TokenizerFiles.VocabularyJson) || !Has(TokenizerFiles.Merges)) return false;
        TokenizerJsonWriter.Write(directory, stream);
        return true;
    }

    /// <summary>Text to ids.</summary>
    /// <param name="text">The text; halves of surrogate pairs count as U+FFFD.</param>
    /// <param name="addSpecialTokens">Whether BOS and EOS are put around it, where the tokenizer does so by default.</param>
    /// <param name="findSpecialTokens">Whether special tokens written out in the text become their ids; false for text that is not trusted.</param>
    /// <exception cref="TokenizerFormatException">An expression of the tokenizer takes unreasonably long on this text.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true, bool findSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = Characters.WellFormed(text);
        var ids = new List<int>((text.Length / 3) + 4);
        if (addSpecialTokens) ids.AddRange(_template.Before);
        try
        {
            var sections = new List<(Range Range, AddedToken? Token)>();
            _added.Split(text, normalized: false, findSpecialTokens, sections);
            foreach (var (range, token) in sections)
            {
                if (token is not null)
                    ids.Add(token.Id);
                else
                    EncodeSection(text[range], range.Start.Value == 0, findSpecialTokens, ids);
            }
        }
        catch (NotSupportedException exception)
        {
            throw new TokenizerFormatException(_directory, exception.Message, exception);
        }

        if (addSpecialTokens) ids.AddRange(_template.After);
        return [.. ids];
    }

    /// <summary>Ids to text. Ids outside the vocabulary are left out; bytes that are no UTF-8 become U+FFFD.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var decoder = new TokenDecoder(id => TokenForDecoding(id, skipSpecialTokens), _decoder, wholeRuns: true);
        foreach (var id in ids) decoder.Push(id);
        return decoder.Finish();
    }

    /// <summary>Starts decoding ids as they come.</summary>
    /// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
    public TokenDecoder CreateDecoder(bool skipSpecialTokens = true) =>
        new(id => TokenForDecoding(id, skipSpecialTokens), _decoder, wholeRuns: false);

    /// <summary>The id of a token, written as in the vocabulary; null when there is none.</summary>
    /// <param name="token">The token.</param>
    public int? IdOf(string token)
    {
        foreach (var added in _added.Tokens)
            if (added.Content == token) return added.Id;
        return _vocabulary.TryGetId(token, out var id) ? id : null;
    }

    /// <summary>The token of an id, written as in the vocabulary; null when there is none.</summary>
    /// <param name="id">The id.</param>
    public string? TokenOf(int id) => _added.Find(id)?.Content ?? (_vocabulary.TryGetToken(id, out var token) ? token : null);

    /// <summary>Whether an id is a control token rather than text.</summary>
    /// <param name="id">The id.</param>
    public bool IsSpecial(int id) => _added.Find(id) is { Special: true };

    private void EncodeSection(string text, bool atStart, bool findSpecialTokens, List<int> ids)
    {
        if (_normalizer is not null) text = _normalizer.Normalize(text, atStart);
        var sections = new List<(Range Range, AddedToken? Token)>();
        _added.Split(text, normalized: true, findSpecialTokens, sections);
        var pieces = new List<Piece>();
        foreach (var (range, token) in sections)
        {
            if (token is not null)
            {
                ids.Add(token.Id);
                continue;
            }

            pieces.Clear();
            var piece = new Piece(text.AsMemory(range), atStart && range.Start.Value == 0);
            if (_preTokenizer is null)
                pieces.Add(piece);
            else
                _preTokenizer.Split(piece, pieces);
            _model.Tokenize(pieces, ids);
        }
    }

    private string? TokenForDecoding(int id, bool skipSpecialTokens)
    {
        if (_added.Find(id) is { } added) return skipSpecialTokens && added.Special ? null : added.Pattern;
        return _vocabulary.TryGetToken(id, out var token) ? token : null;
    }
}
