namespace Gptq.Tokenizers;

/// <summary>A stretch of text on its way to the model.</summary>
/// <param name="Text">The characters; never half of a surrogate pair.</param>
/// <param name="AtStart">Whether the whole text begins here: some tokenizers put a space only there.</param>
internal readonly record struct Piece(ReadOnlyMemory<char> Text, bool AtStart)
{
    public ReadOnlySpan<char> Span => Text.Span;
}
