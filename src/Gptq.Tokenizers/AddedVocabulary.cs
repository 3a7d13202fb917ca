using System.Buffers;

namespace Gptq.Tokenizers;

/// <summary>Finds added tokens in text: from left to right, at each place the longest.</summary>
/// <remarks>The matching rules (strip, single word, before and after normalization) are those of Hugging Face's tokenizers library.</remarks>
internal sealed class AddedVocabulary
{
    private readonly Dictionary<int, AddedToken> _byId = [];
    private readonly Matcher _raw;
    private readonly Matcher _normalized;

    public AddedVocabulary(IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens) _byId[token.Id] = token;
        _raw = new Matcher(_byId.Values.Where(token => !token.Normalized));
        _normalized = new Matcher(_byId.Values.Where(token => token.Normalized));
    }

    public IEnumerable<AddedToken> Tokens => _byId.Values;

    public AddedToken? Find(int id) => _byId.GetValueOrDefault(id);

    /// <summary>Cuts text into what lies between tokens, and the tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="normalized">Whether the text is normalized already, so that the tokens for normalized text count.</param>
    /// <param name="findSpecial">Whether special tokens count.</param>
    /// <param name="output">Receives ranges; the token is null for text in between.</param>
    public void Split(string text, bool normalized, bool findSpecial, List<(Range Range, AddedToken? Token)> output)
    {
        var matcher = normalized ? _normalized : _raw;
        var done = 0;
        var position = 0;
        while (matcher.FindNext(text, position) is (var start, { } token))
        {
            var end = start + token.Pattern.Length;
            position = end;
            if (token.Special && !findSpecial) continue;
            if (token.SingleWord && (Characters.EndsWithWord(text.AsSpan(0, start)) || Characters.StartsWithWord(text.AsSpan(end)))) continue;
            if (token.StripLeft)
                while (start > done && char.IsWhiteSpace(text[start - 1])) start--;
            if (token.StripRight)
                while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            start = Math.Max(start, done);
            if (start >= end) continue;
            if (start > done) output.Add((done..start, null));
            output.Add((start..end, token));
            done = end;
        }

        if (done < text.Length) output.Add((done..text.Length, null));
    }

    /// <summary>A trie over the patterns, entered only at their first characters.</summary>
    private sealed class Matcher
    {
        private readonly Dictionary<(int Node, char Next), int> _edges = [];
        private readonly List<AddedToken?> _nodes = [null];
        private readonly SearchValues<char> _first;

        public Matcher(IEnumerable<AddedToken> tokens)
        {
            foreach (var token in tokens.Where(token => token.Pattern.Length > 0))
            {
                var node = 0;
                foreach (var character in token.Pattern)
                {
                    if (!_edges.TryGetValue((node, character), out var next))
                    {
                        next = _nodes.Count;
                        _nodes.Add(null);
                        _edges.Add((node, character), next);
                    }

                    node = next;
                }

                _nodes[node] = token;
            }

            _first = SearchValues.Create([.. _edges.Keys.Where(edge => edge.Node == 0).Select(edge => edge.Next)]);
        }

        public (int Start, AddedToken Token)? FindNext(string text, int position)
        {
            while (position < text.Length)
            {
                var skipped = text.AsSpan(position).IndexOfAny(_first);
                if (skipped < 0) return null;
                position += skipped;
                AddedToken? longest = null;
                for (int node = 0, at = position; at < text.Length && _edges.TryGetValue((node, text[at]), out node); at++)
                    longest = _nodes[node] ?? longest;
                if (longest is not null) return (position, longest);
                position++;
            }

            return null;
        }
    }
}
