using System.Text;

namespace Gptq.Runtime.Chat.Jinja;

/// <summary>Cuts a template into tokens. White space around blocks goes as with trim_blocks and lstrip_blocks, which chat templates are written for.</summary>
internal sealed class Lexer(string template)
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "//", "**", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|", "~", "+", "-", "*", "/", "%", "=", "<", ">"];

    private readonly List<Token> _tokens = [];
    private int _position;

    public List<Token> Read()
    {
        var trimNext = Trim.None;
        while (_position < template.Length)
        {
            var open = FindOpening(_position);
            var text = template[_position..open];
            var isBlock = open < template.Length && template[open + 1] is ('%' or '#');
            var startsLine = _position == 0 || (trimNext == Trim.Newline && text.StartsWith('\n'));
            text = TrimStart(text, trimNext);
            if (open < template.Length)
            {
                var sign = open + 2 < template.Length ? template[open + 2] : ' ';
                if (sign == '-') text = text.TrimEnd();
                else if (isBlock && sign != '+') text = TrimIndentation(text, startsLine);
                _position = open + (sign is '-' or '+' ? 3 : 2);
            }
            else
            {
                _position = open;
            }

            if (text.Length > 0) _tokens.Add(new Token(TokenKind.Text, text));
            if (open < template.Length) trimNext = ReadTag(template[open + 1]);
        }

        _tokens.Add(new Token(TokenKind.End, ""));
        return _tokens;
    }

    private enum Trim
    {
        None,
        Newline,
        All,
    }

    private static string TrimStart(string text, Trim trim) => trim switch
    {
        Trim.All => text.TrimStart(),
        Trim.Newline when text.StartsWith('\n') => text[1..],
        _ => text,
    };

    /// <summary>Drops the spaces between the beginning of a line and a block.</summary>
    private static string TrimIndentation(string text, bool startsLine)
    {
        var trimmed = text.TrimEnd(' ', '\t');
        return trimmed.EndsWith('\n') || (trimmed.Length == 0 && startsLine) ? trimmed : text;
    }

    private int FindOpening(int from)
    {
        for (var i = from; i + 1 < template.Length; i++)
            if (template[i] == '{' && template[i + 1] is ('{' or '%' or '#')) return i;
        return template.Length;
    }

    private Trim ReadTag(char kind)
    {
        if (kind == '#')
        {
            var end = template.IndexOf("#}", _position, StringComparison.Ordinal);
            if (end < 0) throw new JinjaException("A comment does not end.");
            var trim = template[end - 1] == '-' ? Trim.All : Trim.Newline;
            _position = end + 2;
            return trim;
        }

        var isOutput = kind == '{';
        var close = isOutput ? "}}" : "%}";
        _tokens.Add(new Token(isOutput ? TokenKind.OutputStart : TokenKind.BlockStart, ""));
        var depth = 0;
        while (true)
        {
            while (_position < template.Length && char.IsWhiteSpace(template[_position])) _position++;
            if (_position >= template.Length) throw new JinjaException("A tag does not end.");
            if (depth == 0 && At(close)) return Close(isOutput, close, Trim.Newline);
            if (depth == 0 && template[_position] == '-' && At("-" + close)) return Close(isOutput, "-" + close, Trim.All);
            var token = ReadToken();
            if (token is { Kind: TokenKind.Operator, Value: "{" }) depth++;
            if (token is { Kind: TokenKind.Operator, Value: "}" }) depth--;
            _tokens.Add(token);
        }
    }

    private Trim Close(bool isOutput, string close, Trim trim)
    {
        _position += close.Length;
        _tokens.Add(new Token(isOutput ? TokenKind.OutputEnd : TokenKind.BlockEnd, ""));
        return isOutput && trim == Trim.Newline ? Trim.None : trim;
    }

    private bool At(string text) => string.CompareOrdinal(template, _position, text, 0, text.Length) == 0;

    private Token ReadToken()
    {
        var first = template[_position];
        if (first is '\'' or '"') return ReadLiteral(first);
        var start = _position;
        if (char.IsAsciiLetter(first) || first == '_')
        {
            while (_position < template.Length && (char.IsAsciiLetterOrDigit(template[_position]) || template[_position] == '_')) _position++;
            return new Token(TokenKind.Name, template[start.._position]);
        }

        if (char.IsAsciiDigit(first))
        {
            while (_position < template.Length && char.IsAsciiDigit(template[_position])) _position++;
            return new Token(TokenKind.Number, template[start.._position]);
        }

        var found = Array.Find(Operators, At) ?? throw new JinjaException($"The character {first} has no meaning in an expression.");
        _position += found.Length;
        return new Token(TokenKind.Operator, found);
    }

    private Token ReadLiteral(char quote)
    {
        var value = new StringBuilder();
        for (_position++; _position < template.Length && template[_position] != quote; _position++)
        {
            var character = template[_position];
            if (character == '\\' && _position + 1 < template.Length)
            {
                character = template[++_position] switch
                {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '\\' => '\\',
                    '\'' => '\'',
                    '"' => '"',
                    var other => throw new JinjaException($"The escape \\{other} is not supported."),
                };
            }

            value.Append(character);
        }

        if (_position >= template.Length) throw new JinjaException("A string does not end.");
        _position++;
        return new Token(TokenKind.Literal, value.ToString());
    }
}
