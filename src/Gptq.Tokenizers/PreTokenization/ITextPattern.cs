namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Finds stretches of text.</summary>
internal interface ITextPattern
{
    /// <summary>Appends all matches, from left to right, none empty, none overlapping.</summary>
    void Find(ReadOnlySpan<char> text, List<(int Start, int End)> matches);
}
