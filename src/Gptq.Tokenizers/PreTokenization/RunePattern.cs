using System.Text;

namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Code points of a kind: each by itself, or runs of them.</summary>
internal sealed class RunePattern(Func<Rune, bool> matches, bool runs) : ITextPattern
{
    public void Find(ReadOnlySpan<char> text, List<(int Start, int End)> output)
    {
        var previousEnd = -1;
        for (int position = 0, length; position < text.Length; position += length)
        {
            Rune.DecodeFromUtf16(text[position..], out var rune, out length);
            if (!matches(rune)) continue;
            if (runs && previousEnd == position)
                output[^1] = (output[^1].Start, position + length);
            else
                output.Add((position, position + length));
            previousEnd = position + length;
        }
    }
}
