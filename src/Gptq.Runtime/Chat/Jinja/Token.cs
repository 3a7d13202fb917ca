namespace Gptq.Runtime.Chat.Jinja;

/// <summary>What a token of a template is.</summary>
internal enum TokenKind
{
    Text,
    BlockStart,
    BlockEnd,
    OutputStart,
    OutputEnd,
    Name,
    Literal,
    Number,
    Operator,
    End,
}

/// <summary>A token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">The text, the name, the literal's value, or the operator.</param>
internal readonly record struct Token(TokenKind Kind, string Value);
