using System.Collections.Concurrent;
using System.Text;

namespace Gptq.Tokenizers.Models;

/// <summary>Byte-pair encoding over the characters of a piece: byte-level alphabets and SentencePiece's alike.</summary>
internal sealed class BpeModel : ITokenModel
{
    private const int LongestCachedPiece = 48;
    private const int MostCachedPieces = 1 << 15;

    /// <summary>SentencePiece's mark for a space.</summary>
    private const char WordMark = '▁';

    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cached;
    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly int[]? _bytes;
    private readonly bool _wordsStandAlone;
    private int _cacheCount;

    public BpeModel(Vocabulary vocabulary, MergeTable merges, bool byteFallback = false)
    {
        _vocabulary = vocabulary;
        _merges = merges;
        _bytes = byteFallback ? vocabulary.ByteTokens() : null;
        _cached = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        _wordsStandAlone = vocabulary.TryGetId([WordMark], out _) && !vocabulary.Tokens.Any(MarkFollowsText);
    }

    /// <summary>The id of characters that the vocabulary lacks; without one they vanish.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether neighbouring unknown characters become one token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether a piece that is itself in the vocabulary is that token, whatever the merges say.</summary>
    public bool WholePiecesFirst { get; init; }

    public void Tokenize(IReadOnlyList<Piece> pieces, List<int> output)
    {
        var merger = new BpeMerger(_merges);
        for (var i = 0; i < pieces.Count; i++)
        {
            var rest = pieces[i].Span;
            while (!rest.IsEmpty)
            {
                var end = WholePiecesFirst || !_wordsStandAlone ? rest.Length : WordEnd(rest);
                TokenizeWord(rest[..end], merger, output);
                rest = rest[end..];
            }
        }
    }

    private static bool MarkFollowsText(string token)
    {
        var text = token.AsSpan().TrimStart(WordMark);
        return text.Contains(WordMark);
    }

    /// <summary>
    /// Where no token has a mark behind other characters, no merge reaches over such a place: a text without pre-tokenizer falls into words, which
    /// the cache knows.
    /// </summary>
    private static int WordEnd(ReadOnlySpan<char> text)
    {
        var marks = text.IndexOfAnyExcept(WordMark);
        if (marks < 0) return text.Length;
        var next = text[marks..].IndexOf(WordMark);
        return next < 0 ? text.Length : marks + next;
    }

    private void TokenizeWord(ReadOnlySpan<char> text, BpeMerger merger, List<int> output)
    {
        if (text.Length > LongestCachedPiece)
        {
            Tokenize(text, merger, output);
        }
        else if (_cached.TryGetValue(text, out var ids))
        {
            output.AddRange(ids);
        }
        else
        {
            var start = output.Count;
            Tokenize(text, merger, output);
            if (Interlocked.Increment(ref _cacheCount) <= MostCachedPieces) _cached.TryAdd(text, output[start..].ToArray());
        }
    }

    private void Tokenize(ReadOnlySpan<char> text, BpeMerger merger, List<int> output)
    {
        if (WholePiecesFirst && _vocabulary.TryGetId(text, out var whole))
        {
            output.Add(whole);
            return;
        }

        var afterUnknown = false;
        Span<byte> utf8 = stackalloc byte[4];
        for (var position = 0; position < text.Length;)
        {
            Rune.DecodeFromUtf16(text[position..], out var rune, out var length);
            if (_vocabulary.TryGetId(text.Slice(position, length), out var id))
            {
                merger.Symbols.Add(id);
                afterUnknown = false;
            }
            else if (!TryAddBytes(utf8[..rune.EncodeToUtf8(utf8)], merger.Symbols) && UnknownId is { } unknown)
            {
                if (!(afterUnknown && FuseUnknown)) merger.Symbols.Add(unknown);
                afterUnknown = true;
            }

            position += length;
        }

        merger.Merge(output);
    }

    private bool TryAddBytes(ReadOnlySpan<byte> utf8, List<int> symbols)
    {
        if (_bytes is null) return false;
        foreach (var value in utf8)
            if (_bytes[value] < 0) return false;
        foreach (var value in utf8) symbols.Add(_bytes[value]);
        return true;
    }
}
