using System.Text.Json;
using Gptq.Runtime.Chat;
using Gptq.Runtime.Chat.Jinja;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.Chat;

public class ChatTemplateTests
{
    private static readonly JsonElement Document = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "tests", "Gptq.Runtime.Tests", "Chat", "templates.json"))).RootElement;

    public static TheoryData<string> Names => [.. Document.GetProperty("templates").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Templates_give_what_jinja_gives(string name)
    {
        var item = Document.GetProperty("templates").EnumerateArray().Single(item => item.GetProperty("name").GetString() == name);
        var template = new ChatTemplate(item.GetProperty("template").GetString()!);
        foreach (var (conversation, result) in Document.GetProperty("conversations").EnumerateArray().Zip(item.GetProperty("results").EnumerateArray()))
        {
            var messages = conversation.EnumerateArray().Select(message => (message[0].GetString()!, message[1].GetString()!)).ToList();
            if (result.TryGetProperty("refused", out var refusal))
                Assert.Contains(refusal.GetString()!, Assert.Throws<JinjaException>(() => template.Render(messages, "<s>", "</s>")).Message, StringComparison.Ordinal);
            else
                Assert.Equal(result.GetProperty("text").GetString(), template.Render(messages, "<s>", "</s>"));
        }
    }

    [Theory]
    [InlineData("{% macro x() %}{% endmacro %}", "macro")]
    [InlineData("{{ messages | groupby('role') }}", "groupby")]
    [InlineData("{{ strftime_now('%Y') }}", "strftime_now")]
    [InlineData("{{ 'a'.encode() }}", "encode")]
    [InlineData("{{ messages }}", "tojson")]
    [InlineData("{% if true %}", "if")]
    [InlineData("{% endif %}", "endif")]
    [InlineData("{% for x in [1] %}", "for")]
    [InlineData("{{ 'a }}", "string does not end")]
    [InlineData("{# x", "comment")]
    [InlineData("{{ 1 +", "end")]
    [InlineData("{{ (1 }}", "\")\"")]
    [InlineData("{{ nothing.role }}", "no value")]
    [InlineData("{{ 1 // 0 }}", "//")]
    public void What_is_not_supported_says_so(string template, string named)
    {
        var exception = Assert.Throws<JinjaException>(() => new ChatTemplate(template).Render([("user", "hi")], null, null));
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for a in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}")]
    public void A_template_cannot_run_forever_or_fill_memory(string template) =>
        Assert.Throws<JinjaException>(() => new ChatTemplate(template).Render([("user", "hi")], null, null));

    [Theory]
    [InlineData('(', ')')]
    [InlineData('[', ']')]
    public void Deep_nesting_does_not_end_the_stack(char open, char close) =>
        Assert.Throws<JinjaException>(() => new ChatTemplate("{{ " + new string(open, 100_000) + new string(close, 100_000) + " }}"));

    [Theory]
    [InlineData("not ")]
    [InlineData("- ")]
    public void Deep_prefixes_do_not_end_the_stack(string prefix) =>
        Assert.Throws<JinjaException>(() => new ChatTemplate("{{ " + string.Concat(Enumerable.Repeat(prefix, 100_000)) + "1 }}"));

    [Fact]
    public void Mutated_templates_fail_in_one_way_only()
    {
        var random = new Random(4);
        var templates = Document.GetProperty("templates").EnumerateArray().Select(item => item.GetProperty("template").GetString()!).ToArray();
        var rendered = 0;
        for (var round = 0; round < 3000; round++)
        {
            var characters = templates[round % templates.Length].ToList();
            for (var count = random.Next(1, 4); count > 0; count--)
            {
                var place = random.Next(characters.Count);
                if (random.Next(2) == 0) characters.RemoveAt(place);
                else characters.Insert(place, "{}%-'\"()[].|~=0aif \n"[random.Next(20)]);
            }

            try
            {
                new ChatTemplate(string.Concat(characters)).Render([("user", "hi"), ("assistant", "yes")], "<s>", "</s>");
                rendered++;
            }
            catch (JinjaException)
            {
            }
        }

        Assert.InRange(rendered, 1, 2999);
    }
}
