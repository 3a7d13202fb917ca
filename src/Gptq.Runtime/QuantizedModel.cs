using System.Runtime.CompilerServices;
using Gptq.Runtime.Configuration;
using Gptq.Runtime.Evaluation;
using Gptq.Runtime.Generation;
using Gptq.Runtime.Operators;
using Gptq.Tokenizers;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime;

/// <summary>A quantized language model, ready to generate text. Safe to use from several threads: any number of texts at once.</summary>
/// <example>
/// <code>
/// using var model = QuantizedModel.Open(path);
/// foreach (var text in model.Generate("KING RICHARD:"))
///     Console.Write(text);
/// </code>
/// </example>
public sealed class QuantizedModel : IDisposable
{
    /// <summary>Logits of a chunk of the prompt take up to so many floats.</summary>
    private const int MostLogits = 1 << 24;

    private readonly InferenceSession _session;
    private readonly DecoderSignature _signature;
    private readonly OrtMemoryInfo? _cacheMemory;
    private readonly HashSet<int> _ends;
    private readonly Lock _gate = new();
    private readonly Stack<DecoderState> _idle = [];
    private int _rented;
    private bool _disposed;

    private QuantizedModel(string directory, GenaiConfig config, Tokenizer tokenizer, InferenceSession session, QuantizedModelOptions options)
    {
        Path = directory;
        Tokenizer = tokenizer;
        DefaultOptions = config.Search;
        _session = session;
        if (options.Device.CudaIndex is { } gpu) _cacheMemory = new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, gpu, OrtMemType.Default);
        _signature = new DecoderSignature(session, config, System.IO.Path.Combine(directory, config.ModelFile));
        _ends = [.. config.EosIds.Count > 0 ? config.EosIds : tokenizer.EosIds];
        PromptChunk = Math.Min(ContextLength, options.PromptChunk ?? Math.Clamp(MostLogits / VocabularySize, 16, 512));
    }

    /// <summary>The model's folder.</summary>
    public string Path { get; }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>What applies where a call gives no options: the section "search" of genai_config.json.</summary>
    public GenerationOptions DefaultOptions { get; }

    /// <summary>The most tokens that prompt and generated text have together.</summary>
    public int ContextLength => _signature.ContextLength;

    /// <summary>How many logits the model gives for each token; the tokenizer may know fewer tokens.</summary>
    public int VocabularySize => _signature.VocabularySize;

    internal int PromptChunk { get; }

    internal bool SharesCache => _signature.SharesCache;

    internal int TextsInTheMaking => _rented;

    /// <summary>Opens a model's folder: model.onnx with its weights mapped, genai_config.json and the tokenizer's files.</summary>
    /// <param name="path">The folder, such as <c>QuantizedModels.BardOpt.Path</c>; relative to the application's folder, else to the current one.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <exception cref="QuantizedModelException">GPTQ6010 to GPTQ6014: the folder holds no model, or a damaged one.</exception>
    public static QuantizedModel Open(string path, QuantizedModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new QuantizedModelOptions();
        if (options.Threads is { } threads) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads, nameof(options));
        if (options.PromptChunk is { } chunk) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(chunk, nameof(options));
        var besideApplication = System.IO.Path.Combine(AppContext.BaseDirectory, path);
        var directory = System.IO.Path.GetFullPath(Directory.Exists(besideApplication) ? besideApplication : path);
        var config = GenaiConfig.Read(directory);
        // A large tokenizer takes as long as the graph: they load side by side.
        var tokenizer = Task.Run(() => LoadTokenizer(directory));
        var session = CreateSession(System.IO.Path.Combine(directory, config.ModelFile), options);
        try
        {
            return new QuantizedModel(directory, config, tokenizer.GetAwaiter().GetResult(), session, options);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model's folder on a device.</summary>
    /// <param name="path">The folder, such as <c>QuantizedModels.BardOpt.Path</c>; relative to the application's folder, else to the current one.</param>
    /// <param name="device">Such as <c>ModelDevice.Cuda()</c>.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <exception cref="QuantizedModelException">GPTQ6010 to GPTQ6014: the folder holds no model, or a damaged one. GPTQ6110: there is no such device.</exception>
    public static QuantizedModel Open(string path, ModelDevice device, QuantizedModelOptions? options = null) =>
        Open(path, (options ?? new QuantizedModelOptions()) with { Device = device });

    /// <summary>Continues a text. Each string is what became certain since the last; together they are the continuation.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How; null for <see cref="DefaultOptions"/>.</param>
    /// <param name="cancellationToken">Ends the text early, within one token.</param>
    /// <exception cref="QuantizedModelException">GPTQ6015: the prompt is longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">The text was cancelled.</exception>
    public IEnumerable<string> Generate(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Checked(options);
        return Enumerate(Tokenize(prompt, options.AddSpecialTokens), options, cancellationToken);

        IEnumerable<string> Enumerate(int[] ids, GenerationOptions checkedOptions, CancellationToken cancellation)
        {
            using var generation = Start(ids, checkedOptions, cancellation);
            for (var more = true; more;)
            {
                more = generation.Step();
                if (generation.Text.Length > 0) yield return generation.Text;
            }
        }
    }

    /// <summary>As <see cref="Generate"/>, with the steps on the thread pool, so that the caller's thread stays free.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How; null for <see cref="DefaultOptions"/>.</param>
    /// <param name="cancellationToken">Ends the text early, within one token.</param>
    /// <exception cref="QuantizedModelException">GPTQ6015: the prompt is longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">The text was cancelled.</exception>
    public IAsyncEnumerable<string> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = Checked(options);
        return Enumerate(Tokenize(prompt, options.AddSpecialTokens), options, cancellationToken);

        async IAsyncEnumerable<string> Enumerate(int[] ids, GenerationOptions checkedOptions, [EnumeratorCancellation] CancellationToken cancellation)
        {
            using var generation = Start(ids, checkedOptions, cancellation);
            for (var more = true; more;)
            {
                more = await Task.Run(generation.Step, cancellation).ConfigureAwait(false);
                if (generation.Text.Length > 0) yield return generation.Text;
            }
        }
    }

    /// <summary>Continues a sequence of tokens. The token that ends the text is given too; stop strings do not apply.</summary>
    /// <param name="prompt">The ids to continue, at least one.</param>
    /// <param name="options">How; null for <see cref="DefaultOptions"/>.</param>
    /// <param name="cancellationToken">Ends the text early, within one token.</param>
    /// <exception cref="QuantizedModelException">GPTQ6015: the prompt is longer than the model's context.</exception>
    /// <exception cref="OperationCanceledException">The text was cancelled.</exception>
    public IEnumerable<int> GenerateIds(IReadOnlyList<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options = Checked(options) with { StopStrings = [] };
        return Enumerate([.. prompt], options, cancellationToken);

        IEnumerable<int> Enumerate(int[] ids, GenerationOptions checkedOptions, CancellationToken cancellation)
        {
            using var generation = Start(ids, checkedOptions, cancellation);
            for (var count = 0; generation.Step() || generation.TokenCount > count; count = generation.TokenCount) yield return generation.Token;
        }
    }

    /// <summary>Text to ids.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Whether BOS and the like are put around it, where the tokenizer does so by default.</param>
    public int[] Tokenize(string text, bool addSpecialTokens = true) => Tokenizer.Encode(text, addSpecialTokens);

    /// <summary>How well the model predicts a text: perplexity over windows that do not overlap, the tail dropped, as the GPTQ paper counts it.</summary>
    /// <param name="text">The text, at least one window long.</param>
    /// <param name="window">Tokens in a window, from 2 to <see cref="ContextLength"/>; null for the smaller of 2048 and the context length.</param>
    /// <param name="reference">A model with the same vocabulary to compare with, for the divergence and the agreement.</param>
    /// <param name="progress">Told of each window that is done.</param>
    /// <param name="cancellationToken">Ends the evaluation early.</param>
    /// <exception cref="QuantizedModelException">GPTQ6016: the text has fewer tokens than a window. GPTQ6017: the reference has another vocabulary.</exception>
    public EvaluationResult Evaluate(string text, int? window = null, QuantizedModel? reference = null, IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default) => Evaluate(Tokenize(text), window, reference, progress, cancellationToken);

    /// <summary>As the other overload, on ids.</summary>
    /// <param name="ids">The text's ids.</param>
    /// <param name="window">Tokens in a window, from 2 to <see cref="ContextLength"/>; null for the smaller of 2048 and the context length.</param>
    /// <param name="reference">A model with the same vocabulary to compare with, for the divergence and the agreement.</param>
    /// <param name="progress">Told of each window that is done.</param>
    /// <param name="cancellationToken">Ends the evaluation early.</param>
    /// <exception cref="QuantizedModelException">GPTQ6016: the text has fewer tokens than a window. GPTQ6017: the reference has another vocabulary.</exception>
    public EvaluationResult Evaluate(
        ReadOnlySpan<int> ids, int? window = null, QuantizedModel? reference = null, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var length = window ?? Math.Min(2048, ContextLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2, nameof(window));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Math.Min(ContextLength, reference?.ContextLength ?? int.MaxValue), nameof(window));
        if (ids.Length < length)
            throw new QuantizedModelException("GPTQ6016", $"The text has {ids.Length} tokens, a window {length}: give a longer text or a smaller window.");
        if (reference is not null && reference.VocabularySize != VocabularySize)
            throw new QuantizedModelException("GPTQ6017", $"The models do not compare: one has {VocabularySize} tokens, the other {reference.VocabularySize}.", reference.Path);
        CheckIds(ids, nameof(ids));
        return new Evaluator(this, reference, progress, cancellationToken).Run(ids, length);
    }

    /// <summary>Lets go of the model. Texts in the making go on to their end, and the model's memory is freed after the last of them.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var state in _idle) state.Dispose();
            _idle.Clear();
            if (_rented == 0) _session.Dispose();
        }
    }

    internal TextGeneration Start(int[] ids, GenerationOptions options, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (ids.Length == 0) throw new ArgumentException("The prompt is empty, and the tokenizer puts nothing before it: there is nothing to continue.", nameof(ids));
        if (ids.Length >= ContextLength)
        {
            throw new QuantizedModelException(
                "GPTQ6015", $"The prompt has {ids.Length} tokens; the model's context of {ContextLength} leaves no room for a continuation. Shorten the prompt.", Path);
        }

        CheckIds(ids, nameof(ids));
        return new TextGeneration(this, ids, options, cancellation);
    }

    internal bool IsEnd(int token) => _ends.Contains(token);

    internal DecoderState RentState()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var state = _idle.TryPop(out var idle) ? idle : new DecoderState(_session, _signature, _cacheMemory);
            _rented++;
            return state;
        }
    }

    internal void ReturnState(DecoderState state)
    {
        lock (_gate)
        {
            _rented--;
            state.Reset();
            if (!_disposed && _idle.Count < Environment.ProcessorCount)
            {
                _idle.Push(state);
                return;
            }

            state.Dispose();
            if (_disposed && _rented == 0) _session.Dispose();
        }
    }

    private static Tokenizer LoadTokenizer(string directory)
    {
        try
        {
            return Tokenizer.Load(directory);
        }
        catch (TokenizerFormatException exception)
        {
            throw new QuantizedModelException("GPTQ6012", $"The tokenizer cannot be used: {exception.Reason} Build the model again.", exception.File, exception);
        }
    }

    private static InferenceSession CreateSession(string file, QuantizedModelOptions options)
    {
        if (!File.Exists(file)) throw new QuantizedModelException("GPTQ6010", "The model's graph is missing. Build the model again.", file);
        using var session = new SessionOptions
        {
            // Patterns are kept for each length of the text: they would grow with every token.
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (options.Threads is { } threads) session.IntraOpNumThreads = threads;
        if (options.Device.CudaIndex is { } gpu) AddCuda(session, gpu);
        session.RegisterGptqOperators(options.Precision);
        options.ConfigureSession?.Invoke(session);
        try
        {
            return new InferenceSession(file, session);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new QuantizedModelException("GPTQ6013", $"ONNX Runtime does not load it: {exception.Message} Build the model again.", file, exception);
        }
    }

    private static void AddCuda(SessionOptions session, int gpu)
    {
        try
        {
            session.AppendExecutionProvider_CUDA(gpu);
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or EntryPointNotFoundException)
        {
            throw new QuantizedModelException(
                "GPTQ6110",
                $"The model can't run on cuda:{gpu}: {exception.Message} Reference Microsoft.ML.OnnxRuntime.Gpu instead of Microsoft.ML.OnnxRuntime (GptqOnnxRuntime=Gpu in the project), and install NVIDIA's driver and the CUDA libraries that it asks for; or open it without a device.",
                file: null, exception);
        }
    }

    private GenerationOptions Checked(GenerationOptions? options)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        options ??= DefaultOptions;
        options.Validate();
        return options;
    }

    private void CheckIds(ReadOnlySpan<int> ids, string name)
    {
        foreach (var id in ids)
            if ((uint)id >= (uint)VocabularySize) throw new ArgumentOutOfRangeException(name, id, $"Ids go from 0 to {VocabularySize - 1}.");
    }
}
