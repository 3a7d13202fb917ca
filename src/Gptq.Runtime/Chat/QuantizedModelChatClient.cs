using System.Runtime.CompilerServices;
using Gptq.Runtime.Chat;
using Gptq.Runtime.Chat.Jinja;
using Gptq.Runtime.Generation;
using Microsoft.Extensions.AI;

namespace Gptq.Runtime;

/// <summary>A conversation with a model that has a chat template, behind the interface of Microsoft.Extensions.AI.</summary>
/// <remarks>
/// Text alone: tools, images and answer formats are not supported and say so. Special tokens written out in a message count as such; take them out
/// of messages that are not trusted.
/// </remarks>
public sealed class QuantizedModelChatClient : IChatClient
{
    private readonly QuantizedModel _model;
    private readonly ChatTemplate _template;
    private readonly bool _ownsModel;

    /// <summary>Makes a client.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ownsModel">Whether disposing the client disposes the model.</param>
    /// <exception cref="QuantizedModelException">GPTQ6018: the model has no chat template. GPTQ6019: its template is not supported.</exception>
    public QuantizedModelChatClient(QuantizedModel model, bool ownsModel = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        var template = model.Tokenizer.ChatTemplate
            ?? throw new QuantizedModelException("GPTQ6018", "The model has no chat template: it was not made for conversations. Use Generate.", model.Path);
        (_model, _ownsModel) = (model, ownsModel);
        _template = Supported(() => new ChatTemplate(template));
    }

    /// <inheritdoc/>
    /// <exception cref="QuantizedModelException">GPTQ6015: the conversation is too long. GPTQ6019: the template refuses it.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)) updates.Add(update);
        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    /// <exception cref="QuantizedModelException">GPTQ6015: the conversation is too long. GPTQ6019: the template refuses it.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var generationOptions = Translate(options);
        var prompt = _model.Tokenize(ToPrompt(messages, options?.Instructions), addSpecialTokens: false);
        var responseId = Guid.NewGuid().ToString("N");
        using var generation = _model.Start(prompt, generationOptions, cancellationToken);
        for (var more = true; more;)
        {
            more = await Task.Run(generation.Step, cancellationToken).ConfigureAwait(false);
            if (generation.Text.Length > 0) yield return Update(generation.Text);
        }

        var usage = new UsageDetails
        {
            InputTokenCount = prompt.Length,
            OutputTokenCount = generation.TokenCount,
            TotalTokenCount = prompt.Length + generation.TokenCount,
        };
        var last = Update("");
        last.Contents = [new UsageContent(usage)];
        last.FinishReason = generation.FinishReason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;
        yield return last;

        ChatResponseUpdate Update(string text) => new(ChatRole.Assistant, text) { ResponseId = responseId, MessageId = responseId, ModelId = ModelId };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return new ChatClientMetadata("gptq", new Uri(_model.Path), ModelId);
        if (serviceType.IsInstanceOfType(this)) return this;
        return serviceType.IsInstanceOfType(_model) ? _model : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsModel) _model.Dispose();
    }

    private string ModelId => Path.GetFileName(_model.Path.TrimEnd(Path.DirectorySeparatorChar));

    internal string ToPrompt(IEnumerable<ChatMessage> messages, string? instructions = null)
    {
        var list = messages.Select(message => (message.Role.Value, Content(message))).ToList();
        if (!string.IsNullOrEmpty(instructions)) list.Insert(0, (ChatRole.System.Value, instructions));
        return Supported(() => _template.Render(list, _model.Tokenizer.BosToken, _model.Tokenizer.EosToken));
    }

    private static string Content(ChatMessage message) => message.Contents.All(content => content is TextContent or UsageContent)
        ? message.Text
        : throw new NotSupportedException("A message holds something else than text, which the model cannot take in.");

    private GenerationOptions Translate(ChatOptions? options)
    {
        var defaults = _model.DefaultOptions;
        if (options is null) return defaults;
        if (options.Tools is { Count: > 0 }) throw new NotSupportedException("Tools are not supported.");
        if (options.ResponseFormat is not (null or ChatResponseFormatText)) throw new NotSupportedException("Answer formats other than text are not supported.");
        var translated = defaults with
        {
            MaxNewTokens = options.MaxOutputTokens ?? defaults.MaxNewTokens,
            Temperature = options.Temperature ?? defaults.Temperature,
            TopK = options.TopK ?? defaults.TopK,
            TopP = options.TopP ?? defaults.TopP,
            Seed = options.Seed is { } seed ? unchecked((int)seed) : defaults.Seed,
            StopStrings = options.StopSequences is { } stops ? [.. stops] : defaults.StopStrings,
        };
        translated.Validate();
        return translated;
    }

    private T Supported<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (JinjaException exception)
        {
            throw new QuantizedModelException("GPTQ6019", $"The chat template cannot be used: {exception.Message}", _model.Path, exception);
        }
    }
}
