using Gptq.Runtime.Chat.Jinja;

namespace Gptq.Runtime.Chat;

/// <summary>Makes a conversation one text, by the model's own template: a subset of Jinja.</summary>
internal sealed class ChatTemplate
{
    private readonly IReadOnlyList<Statement> _statements;

    /// <exception cref="JinjaException">The template is malformed, or uses what is not supported.</exception>
    public ChatTemplate(string template)
    {
        // One line end at the end belongs to the file, not to the text.
        template = template.ReplaceLineEndings("\n");
        if (template.EndsWith('\n')) template = template[..^1];
        _statements = new Parser(new Lexer(template).Read()).ReadTemplate();
    }

    /// <summary>The text up to where the model's answer begins.</summary>
    /// <param name="messages">Role and content, in order.</param>
    /// <param name="bos">The token that begins a text, if there is one.</param>
    /// <param name="eos">The token that ends a text, if there is one.</param>
    /// <exception cref="JinjaException">The template refuses the conversation, or does what is not supported.</exception>
    public string Render(IEnumerable<(string Role, string Content)> messages, string? bos, string? eos)
    {
        var scope = new Scope
        {
            ["messages"] = messages.Select(message => (object?)new Dictionary<string, object?>(StringComparer.Ordinal) { ["role"] = message.Role, ["content"] = message.Content }).ToList(),
            ["add_generation_prompt"] = true,
            ["bos_token"] = bos ?? "",
            ["eos_token"] = eos ?? "",
        };
        Statement.RunAll(_statements, scope);
        return scope.Output;
    }
}
