namespace Gptq.Runtime.Chat.Jinja;

/// <summary>A part of a template that has a value.</summary>
internal abstract record Expression
{
    public abstract object? Evaluate(Scope scope);
}

internal sealed record Constant(object? Value) : Expression
{
    public override object? Evaluate(Scope scope) => Value;
}

internal sealed record Variable(string Name) : Expression
{
    public override object? Evaluate(Scope scope) => scope[Name];
}

internal sealed record ListOf(IReadOnlyList<Expression> Items) : Expression
{
    public override object? Evaluate(Scope scope) => Items.Select(item => item.Evaluate(scope)).ToList();
}

internal sealed record MapOf(IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var map = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, value) in Items) map[Values.ToText(key.Evaluate(scope))] = value.Evaluate(scope);
        return map;
    }
}

internal sealed record Member(Expression Owner, Expression Key) : Expression
{
    public override object? Evaluate(Scope scope) => Values.Member(Owner.Evaluate(scope), Key.Evaluate(scope));
}

internal sealed record Slice(Expression Owner, Expression? From, Expression? To) : Expression
{
    public override object? Evaluate(Scope scope) => scope.Count(Values.Slice(Owner.Evaluate(scope), Bound(From, scope), Bound(To, scope)));

    private static long? Bound(Expression? bound, Scope scope) => bound?.Evaluate(scope) switch
    {
        null => null,
        long index => index,
        _ => throw new JinjaException("A slice needs integers."),
    };
}

internal sealed record Choice(Expression Condition, Expression Then, Expression? Else) : Expression
{
    public override object? Evaluate(Scope scope) => Values.IsTrue(Condition.Evaluate(scope)) ? Then.Evaluate(scope) : Else is null ? Undefined.Value : Else.Evaluate(scope);
}

internal sealed record Not(Expression Operand) : Expression
{
    public override object? Evaluate(Scope scope) => !Values.IsTrue(Operand.Evaluate(scope));
}

internal sealed record Negative(Expression Operand) : Expression
{
    public override object? Evaluate(Scope scope) => Operand.Evaluate(scope) is long number ? -number : throw new JinjaException("A minus needs an integer.");
}

internal sealed record Binary(string Operator, Expression Left, Expression Right) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var left = Left.Evaluate(scope);
        if (Operator == "and") return Values.IsTrue(left) ? Right.Evaluate(scope) : left;
        if (Operator == "or") return Values.IsTrue(left) ? left : Right.Evaluate(scope);
        var right = Right.Evaluate(scope);
        return scope.Count(Operator switch
        {
            "==" => Values.AreEqual(left, right),
            "!=" => !Values.AreEqual(left, right),
            "<" => Values.Compare(left, right) < 0,
            ">" => Values.Compare(left, right) > 0,
            "<=" => Values.Compare(left, right) <= 0,
            ">=" => Values.Compare(left, right) >= 0,
            "in" => Values.Contains(right, left),
            "not in" => !Values.Contains(right, left),
            "~" => Join(Values.ToText(left), Values.ToText(right)),
            _ => Arithmetic(left, right),
        });
    }

    private static string Join(string left, string right)
    {
        Scope.CheckLength((long)left.Length + right.Length);
        return left + right;
    }

    private object? Arithmetic(object? left, object? right) => (Operator, left, right) switch
    {
        ("+", string a, string b) => Join(a, b),
        ("+", List<object?> a, List<object?> b) => a.Concat(b).ToList(),
        ("+", long a, long b) => unchecked(a + b),
        ("-", long a, long b) => unchecked(a - b),
        ("*", long a, long b) => unchecked(a * b),
        ("//", long a, long b) when b != 0 && (a, b) != (long.MinValue, -1) => (a - ((a % b) + b) % b) / b,
        ("%", long a, long b) when b is not (0 or -1) => ((a % b) + b) % b,
        _ => throw new JinjaException($"The operator {Operator} is not supported between these values."),
    };
}

internal sealed record Call(Expression Function, IReadOnlyList<Expression> Arguments, IReadOnlyDictionary<string, Expression> Named) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var arguments = Arguments.Select(argument => argument.Evaluate(scope)).ToList();
        return scope.Count(Function switch
        {
            Member { Key: Constant { Value: string method } } member => Functions.CallMethod(member.Owner.Evaluate(scope), method, arguments),
            Variable { Name: "namespace" } => Named.ToDictionary(pair => pair.Key, pair => pair.Value.Evaluate(scope), StringComparer.Ordinal),
            Variable variable => Functions.Call(variable.Name, arguments),
            _ => throw new JinjaException("Something is called that is no function."),
        });
    }
}

internal sealed record Filter(Expression Operand, string Name, IReadOnlyList<Expression> Arguments) : Expression
{
    public override object? Evaluate(Scope scope) =>
        scope.Count(Functions.ApplyFilter(Name, Operand.Evaluate(scope), [.. Arguments.Select(argument => argument.Evaluate(scope))]));
}

internal sealed record Test(Expression Operand, string Name, bool Negated) : Expression
{
    public override object? Evaluate(Scope scope) => Functions.ApplyTest(Name, Operand.Evaluate(scope)) != Negated;
}
