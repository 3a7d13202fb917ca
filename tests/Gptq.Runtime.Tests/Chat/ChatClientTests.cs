using Microsoft.Extensions.AI;

namespace Gptq.Runtime.Tests.Chat;

public sealed class ChatClientTests : IDisposable
{
    private const string Template = "{% for message in messages %}{{ message.role | upper }}:\n{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}KING:\n{% endif %}";

    private readonly string _folder = BardModel.Create();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Answers_what_the_model_generates_from_the_templates_text()
    {
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), Template);
        using var client = new QuantizedModelChatClient(Open(), ownsModel: true);
        var model = client.GetService<QuantizedModel>()!;
        var options = new ChatOptions { MaxOutputTokens = 20, Instructions = "Speak well." };
        var response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, "What news?")], options, TestContext.Current.CancellationToken);
        const string Prompt = "SYSTEM:\nSpeak well.\n\nUSER:\nWhat news?\n\nKING:\n";
        Assert.Equal(string.Concat(model.Generate(Prompt, new GenerationOptions { MaxNewTokens = 20 })), response.Text);
        Assert.Equal(model.Tokenize(Prompt).Length, response.Usage!.InputTokenCount);
        Assert.Equal(20, response.Usage.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
    }

    [Fact]
    public async Task Streams_and_stops_at_stop_sequences()
    {
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), Template);
        using var client = new QuantizedModelChatClient(Open(), ownsModel: true);
        ChatMessage[] messages = [new(ChatRole.User, "What news?")];
        var whole = (await client.GetResponseAsync(messages, new ChatOptions { MaxOutputTokens = 40 }, TestContext.Current.CancellationToken)).Text;
        var stop = whole.Substring(10, 4);
        var updates = await client.GetStreamingResponseAsync(messages, new ChatOptions { MaxOutputTokens = 40, StopSequences = [stop] }, TestContext.Current.CancellationToken).ToListAsync();
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], string.Concat(updates.Select(update => update.Text)));
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
        Assert.True(updates.Count > 2);
    }

    [Fact]
    public async Task What_is_not_supported_says_so()
    {
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), Template);
        using var client = new QuantizedModelChatClient(Open(), ownsModel: true);
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]));
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("hi", new ChatOptions { ResponseFormat = ChatResponseFormat.Json }));
        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync("hi", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1)] }));
    }

    [Fact]
    public void A_model_without_a_template_says_so()
    {
        using var model = Open();
        Assert.Equal("GPTQ6018", Assert.Throws<QuantizedModelException>(() => new QuantizedModelChatClient(model)).Code);
    }

    [Fact]
    public async Task A_template_that_is_not_supported_or_refuses_says_so()
    {
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), "{% macro x() %}");
        using (var model = Open()) Assert.Equal("GPTQ6019", Assert.Throws<QuantizedModelException>(() => new QuantizedModelChatClient(model)).Code);
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), "{{ raise_exception('no') }}");
        using var client = new QuantizedModelChatClient(Open(), ownsModel: true);
        var exception = await Assert.ThrowsAsync<QuantizedModelException>(() => client.GetResponseAsync("hi"));
        Assert.Equal("GPTQ6019", exception.Code);
        Assert.Contains("no", exception.Message, StringComparison.Ordinal);
    }

    private QuantizedModel Open() => QuantizedModel.Open(_folder, new QuantizedModelOptions { Threads = 1 });
}
