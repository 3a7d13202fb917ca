using System.Text;

namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Tokenizer files write Oniguruma's expressions: what .NET reads differently is rewritten, or refused.</summary>
internal static class RegexDialect
{
    /// <summary>Stand-ins for code points beyond the BMP lie from here on: a range that reaches them would take in too much.</summary>
    private const char FirstStandIn = '\uA000';

    /// <exception cref="NotSupportedException">The expression's meaning would differ.</exception>
    public static string ToDotNet(string expression)
    {
        var output = new StringBuilder(expression.Length);
        var depth = 0;
        for (var i = 0; i < expression.Length; i++)
        {
            var current = expression[i];
            var next = i + 1 < expression.Length ? expression[i + 1] : '\0';
            if (char.IsSurrogate(current)) throw Refuse(expression, "a character beyond the BMP");
            if (current == '\\')
            {
                output.Append(current);
                if (next == '\0') continue;
                if (next is 'h' or 'H' or 'R' or 'X' or 'K' or 'N' or 'O' or 'y' or 'Y' or 'x' or 'u') throw Refuse(expression, $"\\{next}");
                output.Append(next);
                i++;
            }
            else if (depth == 0)
            {
                output.Append(current);
                if (current != '[') continue;
                depth = 1;
                if (next == '^') output.Append(expression[++i]);
            }
            else if (current == '[')
            {
                // A set inside a set adds its members; .NET has no such thing, and needs none unless the inner one is negated.
                if (next is '^' or ':') throw Refuse(expression, "a negated or named set inside a set");
                depth++;
            }
            else if (current == ']')
            {
                if (--depth == 0) output.Append(current);
            }
            else
            {
                if (current == '&' && next == '&') throw Refuse(expression, "an intersection of sets");
                if (current == '-' && next >= FirstStandIn) throw Refuse(expression, "a range up to a character from U+A000 on");
                output.Append(current);
            }
        }

        return output.ToString();
    }

    private static NotSupportedException Refuse(string expression, string what) =>
        new($"The expression {expression} holds {what}, which is not supported.");
}
