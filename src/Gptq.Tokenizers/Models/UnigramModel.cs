using System.Text;

namespace Gptq.Tokenizers.Models;

/// <summary>The segmentation of highest probability under a model in which tokens are independent (Viterbi).</summary>
/// <remarks>Kudo, Subword Regularization, section 3.2. Scores are log probabilities; equal paths: the one with the longer last token.</remarks>
internal sealed class UnigramModel : ITokenModel
{
    /// <summary>How much less likely an unknown character is than the least likely token: SentencePiece's constant.</summary>
    private const double UnknownPenalty = 10;

    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<int> _tokenAt = [-1];
    private readonly Vocabulary _vocabulary;
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknownId;
    private readonly int[]? _bytes;
    private readonly bool _single;

    /// <param name="vocabulary">All tokens.</param>
    /// <param name="pieces">The tokens that text can become.</param>
    /// <param name="scores">A score for each id.</param>
    /// <param name="unknownId">What unknown characters become.</param>
    /// <param name="byteFallback">Whether unknown characters become the tokens of their bytes, where there are such.</param>
    /// <param name="single">Whether scores are summed in single precision, as SentencePiece does: it decides between paths that are all but equal.</param>
    public UnigramModel(
        Vocabulary vocabulary, IEnumerable<(string Token, int Id)> pieces, double[] scores, int unknownId, bool byteFallback, bool single = false)
    {
        _single = single;
        _vocabulary = vocabulary;
        _scores = scores;
        _unknownId = unknownId;
        _bytes = byteFallback && vocabulary.ByteTokens() is var bytes && !bytes.Contains(-1) ? bytes : null;
        var lowest = double.PositiveInfinity;
        foreach (var (token, id) in pieces)
        {
            if (token.Length == 0) continue;
            lowest = Math.Min(lowest, scores[id]);
            AddPath(token, id);
        }

        _unknownScore = (double.IsFinite(lowest) ? lowest : 0) - UnknownPenalty;
    }

    public void Tokenize(IReadOnlyList<Piece> pieces, List<int> output)
    {
        Step[] best = [];
        for (var i = 0; i < pieces.Count; i++) Tokenize(pieces[i].Span, ref best, output);
    }

    private void Tokenize(ReadOnlySpan<char> text, ref Step[] best, List<int> output)
    {
        if (best.Length <= text.Length) best = new Step[text.Length + 1];
        best.AsSpan(0, text.Length + 1).Fill(new Step(double.NegativeInfinity, -1, -1));
        best[0] = new Step(0, -1, -1);
        for (int start = 0, length; start < text.Length; start += length)
        {
            Rune.DecodeFromUtf16(text[start..], out _, out length);
            var (until, single) = (best[start].Score, false);
            for (int node = 0, end = start; end < text.Length && _edges.TryGetValue((node, text[end]), out node);)
            {
                end++;
                if (_tokenAt[node] is not (>= 0 and var id)) continue;
                single |= end == start + length;
                Improve(ref best[end], Sum(until, _scores[id]), start, id);
            }

            if (!single) Improve(ref best[start + length], Sum(until, _unknownScore), start, _unknownId);
        }

        Trace(text, best, output);
    }

    private double Sum(double path, double score) => _single ? (float)path + (float)score : path + score;

    private static void Improve(ref Step step, double score, int start, int id)
    {
        if (step.Start < 0 || score > step.Score) step = new Step(score, start, id);
    }

    private void Trace(ReadOnlySpan<char> text, Step[] best, List<int> output)
    {
        var first = output.Count;
        for (var end = text.Length; end > 0;)
        {
            var (_, start, id) = best[end];
            if (id == _unknownId)
            {
                // Neighbouring unknown characters are one token, or all their bytes.
                while (start > 0 && best[start].Id == _unknownId) start = best[start].Start;
                AddUnknown(text[start..end], output);
            }
            else
            {
                output.Add(id);
            }

            end = start;
        }

        output.Reverse(first, output.Count - first);
    }

    private void AddUnknown(ReadOnlySpan<char> text, List<int> output)
    {
        if (_bytes is null || _vocabulary.TryGetId(text, out _))
        {
            output.Add(_unknownId);
            return;
        }

        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        for (var i = utf8.Length - 1; i >= 0; i--) output.Add(_bytes[utf8[i]]);
    }

    private void AddPath(string token, int id)
    {
        var node = 0;
        foreach (var character in token)
        {
            if (!_edges.TryGetValue((node, character), out var next))
            {
                next = _tokenAt.Count;
                _tokenAt.Add(-1);
                _edges.Add((node, character), next);
            }

            node = next;
        }

        _tokenAt[node] = id;
    }

    private readonly record struct Step(double Score, int Start, int Id);
}
