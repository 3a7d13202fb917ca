using Gptq.Tokenizers;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Generation;

/// <summary>One text in the making: each step runs the model once and gives the text that became certain.</summary>
internal sealed class TextGeneration : IDisposable
{
    private readonly QuantizedModel _model;
    private readonly GenerationOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly RunOptions _runOptions = new();
    private readonly CancellationTokenRegistration _registration;
    private readonly DecoderState _state;
    private readonly Sampler _sampler;
    private readonly TokenDecoder _decoder;
    private readonly StopStringFilter _filter;
    private readonly int[] _prompt;
    private readonly int[] _last = new int[1];

    public TextGeneration(QuantizedModel model, int[] prompt, GenerationOptions options, CancellationToken cancellation)
    {
        (_model, _prompt, _options, _cancellation) = (model, prompt, options, cancellation);
        _sampler = new Sampler(options, model.VocabularySize);
        _decoder = model.Tokenizer.CreateDecoder();
        _filter = new StopStringFilter(options.StopStrings);
        _registration = cancellation.Register(static options => ((RunOptions)options!).Terminate = true, _runOptions);
        _state = model.RentState();
    }

    /// <summary>Why the text ended.</summary>
    public FinishReason FinishReason { get; private set; }

    /// <summary>How many tokens were generated, the ending one included.</summary>
    public int TokenCount { get; private set; }

    /// <summary>The token of the last step.</summary>
    public int Token => _last[0];

    /// <summary>The text that the last step made certain; often empty.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Makes one more token; false when the text has ended, with its last bit in <see cref="Text"/>.</summary>
    public bool Step()
    {
        if (FinishReason != FinishReason.None)
        {
            Text = "";
            return false;
        }

        if (TokenCount >= _options.MaxNewTokens || _prompt.Length + TokenCount >= _model.ContextLength) return End(FinishReason.Length);
        _last[0] = _sampler.Next(TokenCount == 0 ? ReadPrompt() : Run(_last));
        TokenCount++;
        if (!_options.IgnoreEnd && _model.IsEnd(_last[0])) return End(FinishReason.Stop);
        Text = _filter.Push(_decoder.Append(_last[0]));
        if (!_filter.Stopped) return true;
        FinishReason = FinishReason.Stop;
        return false;
    }

    public void Dispose()
    {
        _registration.Dispose();
        _runOptions.Dispose();
        _model.ReturnState(_state);
    }

    private bool End(FinishReason reason)
    {
        FinishReason = reason;
        Text = _filter.Push(_decoder.Finish()) + _filter.Finish();
        if (_filter.Stopped) FinishReason = FinishReason.Stop;
        return false;
    }

    private Span<float> ReadPrompt()
    {
        foreach (var id in _prompt) _sampler.Observe(id);
        Span<float> logits = default;
        for (var start = 0; start < _prompt.Length; start += _model.PromptChunk)
            logits = Run(_prompt.AsSpan(start, Math.Min(_model.PromptChunk, _prompt.Length - start)));
        return logits[^_model.VocabularySize..];
    }

    private Span<float> Run(ReadOnlySpan<int> tokens)
    {
        _cancellation.ThrowIfCancellationRequested();
        try
        {
            return _state.Append(tokens, _runOptions);
        }
        catch (OnnxRuntimeException) when (_cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(_cancellation);
        }
    }
}
