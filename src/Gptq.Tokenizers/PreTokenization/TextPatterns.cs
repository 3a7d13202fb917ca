namespace Gptq.Tokenizers.PreTokenization;

/// <summary>Chooses a scanner for an expression: one written for it where it is well known, else .NET's engine.</summary>
internal static class TextPatterns
{
    /// <exception cref="NotSupportedException">The expression uses something whose meaning here would differ.</exception>
    public static ITextPattern ForExpression(string expression) => expression switch
    {
        Gpt2Pattern.Expression => new Gpt2Pattern(),
        Cl100kPattern.Llama3Expression => new Cl100kPattern(mostDigits: 3),
        Cl100kPattern.QwenExpression => new Cl100kPattern(mostDigits: 1),
        _ => new RegexPattern(expression),
    };
}
