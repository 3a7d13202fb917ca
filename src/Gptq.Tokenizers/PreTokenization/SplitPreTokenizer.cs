namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Splits at the matches of a pattern.</summary>
/// <param name="pattern">What is looked for.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">Whether what lies between matches counts as the matches.</param>
internal sealed class SplitPreTokenizer(ITextPattern pattern, SplitBehavior behavior, bool invert = false) : IPreTokenizer
{
    public void Split(Piece piece, List<Piece> output)
    {
        var text = piece.Span;
        var matches = new List<(int Start, int End)>();
        pattern.Find(text, matches);
        var first = output.Count;
        var (previousWasMatch, done) = (false, 0);
        foreach (var (start, end) in matches)
        {
            if (start > done) Add(done, start, invert);
            Add(start, end, !invert);
            done = end;
        }

        if (done < text.Length) Add(done, text.Length, invert);

        void Add(int start, int end, bool isMatch)
        {
            var merge = output.Count > first && behavior switch
            {
                SplitBehavior.Contiguous => isMatch == previousWasMatch,
                SplitBehavior.MergedWithPrevious => isMatch && !previousWasMatch,
                SplitBehavior.MergedWithNext => !isMatch && previousWasMatch,
                _ => false,
            };
            previousWasMatch = isMatch;
            if (isMatch && behavior == SplitBehavior.Removed) return;
            if (merge)
            {
                start -= output[^1].Text.Length;
                output.RemoveAt(output.Count - 1);
            }

            output.Add(new Piece(piece.Text[start..end], piece.AtStart && start == 0));
        }
    }
}
