namespace Gptq.Tokenizers.PreTokenization;

/// <summary>One after the other, each on the pieces of the one before.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public void Split(Piece piece, List<Piece> output)
    {
        List<Piece> current = [piece], next = [];
        foreach (var step in steps)
        {
            next.Clear();
            foreach (var part in current) step.Split(part, next);
            (current, next) = (next, current);
        }

        output.AddRange(current);
    }
}
