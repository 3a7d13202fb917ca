namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Writes each byte of the text's UTF-8 as a visible character, after splitting it into words.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool splitWords) : IPreTokenizer
{
    private static readonly Gpt2Pattern Words = new();

    public void Split(Piece piece, List<Piece> output)
    {
        if (addPrefixSpace && !piece.Span.StartsWith(' ')) piece = new Piece($" {piece.Span}".AsMemory(), piece.AtStart);
        if (!splitWords)
        {
            output.Add(new Piece(ByteAlphabet.Encode(piece.Span).AsMemory(), piece.AtStart));
            return;
        }

        var words = new List<(int Start, int End)>();
        Words.Find(piece.Span, words);
        foreach (var (start, end) in words)
            output.Add(new Piece(ByteAlphabet.Encode(piece.Span[start..end]).AsMemory(), piece.AtStart && start == 0));
    }
}
