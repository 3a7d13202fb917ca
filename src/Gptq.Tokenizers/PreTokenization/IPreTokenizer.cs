namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Cuts a piece into pieces that no token crosses, and may rewrite them.</summary>
internal interface IPreTokenizer
{
    void Split(Piece piece, List<Piece> output);
}
