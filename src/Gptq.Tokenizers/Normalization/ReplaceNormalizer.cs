using System.Text;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Normalization;

/// <summary>Puts a string in the place of each match.</summary>
internal sealed class ReplaceNormalizer(ITextPattern pattern, string content) : INormalizer
{
    public string Normalize(string text, bool atStart)
    {
        var matches = new List<(int Start, int End)>();
        pattern.Find(text, matches);
        if (matches.Count == 0) return text;
        var result = new StringBuilder(text.Length);
        var done = 0;
        foreach (var (start, end) in matches)
        {
            result.Append(text, done, start - done).Append(content);
            done = end;
        }

        return result.Append(text, done, text.Length - done).ToString();
    }
}
