namespace Gptq.Tokenizers.Models;

/// <summary>What turns pieces of normalized text into ids. Safe to use from several threads.</summary>
internal interface ITokenModel
{
    /// <summary>Appends the ids of pieces, one piece after the other: no token crosses a border.</summary>
    void Tokenize(IReadOnlyList<Piece> pieces, List<int> output);
}
