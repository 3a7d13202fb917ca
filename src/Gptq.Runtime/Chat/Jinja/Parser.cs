namespace Gptq.Runtime.Chat.Jinja;

/// <summary>Reads statements; <see cref="ExpressionParser"/> reads what stands in them.</summary>
internal sealed class Parser(List<Token> tokens)
{
    private readonly ExpressionParser _expressions = new(tokens);

    public IReadOnlyList<Statement> ReadTemplate()
    {
        var statements = ReadUntil();
        return _expressions.Current.Kind == TokenKind.End ? statements : throw new JinjaException($"{{% {_expressions.Peek(1).Value} %}} stands where nothing is open.");
    }

    /// <summary>Reads up to a block that begins with one of the words, and stops before it.</summary>
    private List<Statement> ReadUntil(params ReadOnlySpan<string> words)
    {
        _expressions.Enter();
        var statements = new List<Statement>();
        while (_expressions.Current.Kind != TokenKind.End)
        {
            var token = _expressions.Current;
            if (token.Kind == TokenKind.Text)
            {
                statements.Add(new Text(token.Value));
                _expressions.Advance();
            }
            else if (token.Kind == TokenKind.OutputStart)
            {
                _expressions.Advance();
                statements.Add(new Output(_expressions.Read()));
                _expressions.Expect(TokenKind.OutputEnd);
            }
            else
            {
                var word = _expressions.Peek(1).Value;
                if (words.Contains(word) || word is "endif" or "endfor" or "else" or "elif") break;
                _expressions.Advance();
                statements.Add(ReadBlock());
            }
        }

        _expressions.Leave();
        return statements;
    }

    private Statement ReadBlock() => _expressions.ExpectName() switch
    {
        "if" => ReadCondition(),
        "for" => ReadLoop(),
        "set" => ReadAssignment(),
        var word => throw new JinjaException($"{{% {word} %}} is not supported."),
    };

    private Condition ReadCondition()
    {
        var branches = new List<(Expression When, IReadOnlyList<Statement> Body)>();
        while (true)
        {
            var when = _expressions.Read();
            _expressions.Expect(TokenKind.BlockEnd);
            branches.Add((when, ReadUntil("elif", "else", "endif")));
            switch (NextWord("if"))
            {
                case "elif":
                    continue;
                case "else":
                    _expressions.Expect(TokenKind.BlockEnd);
                    var otherwise = ReadUntil("endif");
                    End("endif");
                    return new Condition(branches, otherwise);
                case "endif":
                    _expressions.Expect(TokenKind.BlockEnd);
                    return new Condition(branches, []);
                case var word:
                    throw new JinjaException($"{{% {word} %}} stands in an if.");
            }
        }
    }

    private Loop ReadLoop()
    {
        var names = new List<string> { _expressions.ExpectName() };
        while (_expressions.TryOperator(",")) names.Add(_expressions.ExpectName());
        if (_expressions.ExpectName() != "in") throw new JinjaException("A for has no in.");
        var items = _expressions.ReadWithoutChoice();
        var when = _expressions.TryName("if") ? _expressions.Read() : null;
        _expressions.Expect(TokenKind.BlockEnd);
        var body = ReadUntil("else", "endfor");
        IReadOnlyList<Statement> otherwise = [];
        if (NextWord("for") is "else")
        {
            _expressions.Expect(TokenKind.BlockEnd);
            otherwise = ReadUntil("endfor");
            End("endfor");
        }
        else
        {
            _expressions.Expect(TokenKind.BlockEnd);
        }

        return new Loop(names, items, when, body, otherwise);
    }

    private Assignment ReadAssignment()
    {
        var name = _expressions.ExpectName();
        var attribute = _expressions.TryOperator(".") ? _expressions.ExpectName() : null;
        if (!_expressions.TryOperator("=")) throw new JinjaException("{% set %} without a value is not supported.");
        var value = _expressions.Read();
        _expressions.Expect(TokenKind.BlockEnd);
        return new Assignment(name, attribute, value);
    }

    private string NextWord(string open)
    {
        if (_expressions.Current.Kind != TokenKind.BlockStart) throw new JinjaException($"{{% {open} %}} does not end.");
        _expressions.Advance();
        return _expressions.ExpectName();
    }

    private void End(string word)
    {
        if (NextWord(word[3..]) != word) throw new JinjaException($"{{% {word} %}} is missing.");
        _expressions.Expect(TokenKind.BlockEnd);
    }
}
