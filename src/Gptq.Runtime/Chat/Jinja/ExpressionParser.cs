using System.Globalization;

namespace Gptq.Runtime.Chat.Jinja;

/// <summary>Reads expressions, in Jinja's order of precedence.</summary>
internal sealed class ExpressionParser(List<Token> tokens)
{
    /// <summary>Deeper nesting would end the stack, not the template.</summary>
    private const int DeepestNesting = 100;

    private static readonly string[] Comparisons = ["==", "!=", "<", ">", "<=", ">="];
    private int _position;
    private int _depth;

    public Token Current => tokens[_position];

    public Token Peek(int ahead) => tokens[Math.Min(_position + ahead, tokens.Count - 1)];

    public void Advance() => _position = Math.Min(_position + 1, tokens.Count - 1);

    public void Enter()
    {
        if (++_depth > DeepestNesting) throw new JinjaException($"The template is nested more than {DeepestNesting} deep.");
    }

    public void Leave() => _depth--;

    public void Expect(TokenKind kind)
    {
        if (Current.Kind != kind) throw new JinjaException($"\"{Current.Value}\" stands where it has no meaning.");
        Advance();
    }

    public string ExpectName()
    {
        var name = Current.Value;
        Expect(TokenKind.Name);
        return name;
    }

    public bool TryName(string name) => Try(TokenKind.Name, name);

    public bool TryOperator(string value) => Try(TokenKind.Operator, value);

    public Expression Read()
    {
        Enter();
        var value = ReadWithoutChoice();
        if (TryName("if"))
        {
            var condition = ReadWithoutChoice();
            value = new Choice(condition, value, TryName("else") ? Read() : null);
        }

        Leave();
        return value;
    }

    /// <summary>Reads all but "a if b else c": what a for goes through may be followed by an if of its own.</summary>
    public Expression ReadWithoutChoice()
    {
        var left = ReadAnd();
        while (TryName("or")) left = new Binary("or", left, ReadAnd());
        return left;
    }

    private Expression ReadAnd()
    {
        var left = ReadNot();
        while (TryName("and")) left = new Binary("and", left, ReadNot());
        return left;
    }

    private Expression ReadNot()
    {
        if (!TryName("not")) return ReadComparison();
        Enter();
        var operand = ReadNot();
        Leave();
        return new Not(operand);
    }

    private Expression ReadComparison()
    {
        var left = ReadSum();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && Comparisons.Contains(Current.Value))
            {
                var comparison = Current.Value;
                Advance();
                left = new Binary(comparison, left, ReadSum());
            }
            else if (TryName("in"))
            {
                left = new Binary("in", left, ReadSum());
            }
            else if (Current is { Kind: TokenKind.Name, Value: "not" } && Peek(1) is { Kind: TokenKind.Name, Value: "in" })
            {
                Advance();
                Advance();
                left = new Binary("not in", left, ReadSum());
            }
            else
            {
                return left;
            }
        }
    }

    private Expression ReadSum()
    {
        var left = ReadJoin();
        while (Current is { Kind: TokenKind.Operator, Value: "+" or "-" })
        {
            var sign = Current.Value;
            Advance();
            left = new Binary(sign, left, ReadJoin());
        }

        return left;
    }

    private Expression ReadJoin()
    {
        var left = ReadProduct();
        while (TryOperator("~")) left = new Binary("~", left, ReadProduct());
        return left;
    }

    private Expression ReadProduct()
    {
        var left = ReadSigned();
        while (Current is { Kind: TokenKind.Operator, Value: "*" or "/" or "//" or "%" })
        {
            var sign = Current.Value;
            Advance();
            left = new Binary(sign, left, ReadSigned());
        }

        return left;
    }

    private Expression ReadSigned()
    {
        if (!TryOperator("-")) return ReadPostfix();
        Enter();
        var operand = ReadSigned();
        Leave();
        return new Negative(operand);
    }

    private Expression ReadPostfix()
    {
        var value = ReadPrimary();
        while (true)
        {
            if (TryOperator(".")) value = new Member(value, new Constant(ExpectName()));
            else if (TryOperator("[")) value = ReadIndex(value);
            else if (TryOperator("(")) value = ReadCall(value);
            else if (TryOperator("|")) value = ReadFilter(value);
            else if (TryName("is")) value = ReadTest(value);
            else return value;
        }
    }

    private Test ReadTest(Expression value)
    {
        var negated = TryName("not");
        return new Test(value, ExpectName().ToLowerInvariant(), negated);
    }

    private Filter ReadFilter(Expression value)
    {
        var name = ExpectName();
        return new Filter(value, name, TryOperator("(") ? ReadArguments(null) : []);
    }

    private Call ReadCall(Expression function)
    {
        var named = new Dictionary<string, Expression>(StringComparer.Ordinal);
        return new Call(function, ReadArguments(named), named);
    }

    private List<Expression> ReadArguments(Dictionary<string, Expression>? named)
    {
        var arguments = new List<Expression>();
        while (!TryOperator(")"))
        {
            if (named is not null && Current.Kind == TokenKind.Name && Peek(1) is { Kind: TokenKind.Operator, Value: "=" })
            {
                var name = ExpectName();
                Advance();
                named[name] = Read();
            }
            else
            {
                arguments.Add(Read());
            }

            if (!TryOperator(",") && Current is not { Kind: TokenKind.Operator, Value: ")" }) throw new JinjaException("A list of arguments does not end.");
        }

        return arguments;
    }

    private Expression ReadIndex(Expression owner)
    {
        var from = Current is { Kind: TokenKind.Operator, Value: ":" } ? null : Read();
        if (!TryOperator(":"))
        {
            Close("]");
            return new Member(owner, from!);
        }

        var to = Current is { Kind: TokenKind.Operator, Value: "]" } ? null : Read();
        Close("]");
        return new Slice(owner, from, to);
    }

    private Expression ReadPrimary()
    {
        var token = Current;
        Advance();
        switch (token.Kind)
        {
            case TokenKind.Literal:
                return new Constant(token.Value);
            case TokenKind.Number:
                return long.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) ? new Constant(number) : throw new JinjaException($"The number {token.Value} is too large.");
            case TokenKind.Name:
                return token.Value switch
                {
                    "true" or "True" => new Constant(true),
                    "false" or "False" => new Constant(false),
                    "none" or "None" => new Constant(null),
                    _ => new Variable(token.Value),
                };
            case TokenKind.Operator when token.Value == "(":
                var inner = Read();
                Close(")");
                return inner;
            case TokenKind.Operator when token.Value == "[":
                return ReadList();
            case TokenKind.Operator when token.Value == "{":
                return ReadMap();
            default:
                throw new JinjaException($"\"{token.Value}\" stands where a value is expected.");
        }
    }

    private ListOf ReadList()
    {
        var items = new List<Expression>();
        while (!TryOperator("]"))
        {
            items.Add(Read());
            if (!TryOperator(",") && Current is not { Kind: TokenKind.Operator, Value: "]" }) throw new JinjaException("A list does not end.");
        }

        return new ListOf(items);
    }

    private MapOf ReadMap()
    {
        var items = new List<(Expression, Expression)>();
        while (!TryOperator("}"))
        {
            var key = Read();
            Close(":");
            items.Add((key, Read()));
            if (!TryOperator(",") && Current is not { Kind: TokenKind.Operator, Value: "}" }) throw new JinjaException("A mapping does not end.");
        }

        return new MapOf(items);
    }

    private void Close(string value)
    {
        if (!TryOperator(value)) throw new JinjaException($"\"{value}\" is missing before \"{Current.Value}\".");
    }

    private bool Try(TokenKind kind, string value)
    {
        if (Current.Kind != kind || Current.Value != value) return false;
        Advance();
        return true;
    }
}
