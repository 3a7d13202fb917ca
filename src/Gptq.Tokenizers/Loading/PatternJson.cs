using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads a pattern: {"String": …} or {"Regex": …}.</summary>
internal static class PatternJson
{
    public static ITextPattern Read(JsonValue value)
    {
        if (value.IsString) return new LiteralPattern(value.String());
        if (value.FindString("String") is { } literal) return new LiteralPattern(literal);
        try
        {
            return TextPatterns.ForExpression(value.Get("Regex").String());
        }
        catch (NotSupportedException exception)
        {
            throw new TokenizerFormatException(value.File, exception.Message, exception);
        }
    }
}
