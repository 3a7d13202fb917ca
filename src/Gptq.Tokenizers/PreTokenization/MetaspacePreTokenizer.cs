namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Where SentencePiece's mark for a space is put although the text has none.</summary>
internal enum PrependScheme
{
    /// <summary>Before each stretch of text between added tokens.</summary>
    Always,

    /// <summary>Only at the start of the whole text.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}

/// <summary>Writes spaces as a visible mark, and splits before each.</summary>
internal sealed class MetaspacePreTokenizer(string mark, PrependScheme prepend, bool split) : IPreTokenizer
{
    private readonly SplitPreTokenizer _splitter = new(new LiteralPattern(mark), SplitBehavior.MergedWithNext);

    public void Split(Piece piece, List<Piece> output)
    {
        var text = piece.Text.ToString().Replace(" ", mark, StringComparison.Ordinal);
        var wanted = prepend == PrependScheme.Always || (prepend == PrependScheme.First && piece.AtStart);
        if (wanted && !text.StartsWith(mark, StringComparison.Ordinal)) text = mark + text;
        piece = new Piece(text.AsMemory(), piece.AtStart);
        if (split)
            _splitter.Split(piece, output);
        else
            output.Add(piece);
    }
}
