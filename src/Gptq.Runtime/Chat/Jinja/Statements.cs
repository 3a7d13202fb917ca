namespace Gptq.Runtime.Chat.Jinja;

/// <summary>A part of a template that does something.</summary>
internal abstract record Statement
{
    public abstract void Run(Scope scope);

    public static void RunAll(IReadOnlyList<Statement> statements, Scope scope)
    {
        foreach (var statement in statements)
        {
            scope.Step();
            statement.Run(scope);
        }
    }
}

internal sealed record Text(string Value) : Statement
{
    public override void Run(Scope scope) => scope.Write(Value);
}

internal sealed record Output(Expression Value) : Statement
{
    public override void Run(Scope scope) => scope.Write(Values.ToText(Value.Evaluate(scope)));
}

internal sealed record Assignment(string Name, string? Attribute, Expression Value) : Statement
{
    public override void Run(Scope scope)
    {
        var value = Value.Evaluate(scope);
        if (Attribute is null) scope[Name] = value;
        else if (scope[Name] is Dictionary<string, object?> owner) owner[Attribute] = value;
        else throw new JinjaException($"{Name} is no namespace.");
    }
}

internal sealed record Condition(IReadOnlyList<(Expression When, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else) : Statement
{
    public override void Run(Scope scope)
    {
        foreach (var (when, body) in Branches)
        {
            if (!Values.IsTrue(when.Evaluate(scope))) continue;
            RunAll(body, scope);
            return;
        }

        RunAll(Else, scope);
    }
}

internal sealed record Loop(IReadOnlyList<string> Names, Expression Items, Expression? When, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else) : Statement
{
    public override void Run(Scope scope)
    {
        var items = Values.ToList(Items.Evaluate(scope));
        if (When is not null) items = [.. items.Where(item => Values.IsTrue(When.Evaluate(Bind(scope, item))))];
        if (items.Count == 0) RunAll(Else, scope);
        for (var index = 0; index < items.Count; index++)
        {
            scope.Step();
            var round = Bind(scope, items[index]);
            round["loop"] = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["index"] = index + 1L,
                ["index0"] = (long)index,
                ["first"] = index == 0,
                ["last"] = index == items.Count - 1,
                ["length"] = (long)items.Count,
                ["previtem"] = index > 0 ? items[index - 1] : Undefined.Value,
                ["nextitem"] = index + 1 < items.Count ? items[index + 1] : Undefined.Value,
            };
            RunAll(Body, round);
        }
    }

    private Scope Bind(Scope scope, object? item)
    {
        var round = new Scope(scope);
        if (Names.Count == 1)
        {
            round[Names[0]] = item;
            return round;
        }

        var parts = Values.ToList(item);
        if (parts.Count != Names.Count) throw new JinjaException($"{parts.Count} values are given to {Names.Count} names.");
        for (var i = 0; i < parts.Count; i++) round[Names[i]] = parts[i];
        return round;
    }
}
