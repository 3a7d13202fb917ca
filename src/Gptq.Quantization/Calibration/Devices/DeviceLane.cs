using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Solver;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Calibration.Devices;

/// <summary>ONNX Runtime on one GPU: sessions by their graph, values that stay on the device between runs.</summary>
internal class DeviceLane : IDisposable
{
    private readonly OrtMemoryInfo _memory;
    private readonly SessionOptions _options;
    private readonly RunOptions _runOptions = new();
    private readonly RunOptions _releasing = new();
    private readonly Dictionary<string, InferenceSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>Prepares a GPU.</summary>
    public DeviceLane(ICudaEngine engine, Gpu gpu)
    {
        Gpu = gpu;
        _memory = engine.Memory(gpu);
        _options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            EnableCpuMemArena = false,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        engine.AddProvider(_options, gpu);
        engine.ReleaseMemoryAfter(_releasing, gpu);
    }

    /// <summary>The GPU.</summary>
    public Gpu Gpu { get; }

    /// <summary>Runs a graph whose inputs are anywhere; its outputs stay on the device.</summary>
    /// <exception cref="DeviceOutOfMemoryException">The device's memory is full.</exception>
    /// <param name="model">The graph.</param>
    /// <param name="inputs">All of its inputs.</param>
    /// <param name="outputs">All of its outputs.</param>
    /// <param name="releases">Whether memory that is not used any more is given back afterwards: others need it too.</param>
    public OrtValue[] Run(byte[] model, IReadOnlyCollection<KeyValuePair<string, OrtValue>> inputs, IReadOnlyList<string> outputs, bool releases = false) =>
        Run(model, inputs, outputs, _memory, releases ? _releasing : _runOptions);

    /// <summary>A float32 tensor onto the device, as another type.</summary>
    public OrtValue Upload(Memory<float> values, long[] shape, ElementType type)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values, shape);
        return Run(TransferGraphs.Copy(type, shape.Length), [new(TransferGraphs.Value, value)], [TransferGraphs.Result])[0];
    }

    /// <summary>A float32 tensor from the device.</summary>
    public void Download(OrtValue value, int rank, Span<float> destination)
    {
        using var result = Run(TransferGraphs.Copy(ElementType.Float, rank), [new(TransferGraphs.Value, value)], [TransferGraphs.Result], OrtMemoryInfo.DefaultInstance, _runOptions)[0];
        result.GetTensorDataAsSpan<float>().CopyTo(destination);
    }

    /// <summary>Rows of a float32 matrix from the device: a matrix may hold more than a span.</summary>
    public OrtValue DownloadRows(OrtValue matrix, long from, long to)
    {
        using var start = Number(from);
        using var end = Number(to);
        KeyValuePair<string, OrtValue>[] inputs = [new(TransferGraphs.Value, matrix), new(TransferGraphs.Start, start), new(TransferGraphs.End, end)];
        return Run(TransferGraphs.Rows, inputs, [TransferGraphs.Result], OrtMemoryInfo.DefaultInstance, _runOptions)[0];
    }

    /// <summary>[size, size] of zeros on the device.</summary>
    public OrtValue Zeros(int size)
    {
        using var shape = OrtValue.CreateTensorValueFromMemory(new long[] { size, size }, [2]);
        return Run(TransferGraphs.Zeros, [new(TransferGraphs.Value, shape)], [TransferGraphs.Result])[0];
    }

    /// <summary>Values of the device's sessions must not be used afterwards.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        foreach (var session in _sessions.Values) session.Dispose();
        _sessions.Clear();
        _runOptions.Dispose();
        _releasing.Dispose();
        _options.Dispose();
    }

    private static OrtValue Number(long value) => OrtValue.CreateTensorValueFromMemory(new[] { value }, [1]);

    /// <summary>Every use of the device goes through here.</summary>
    protected virtual OrtValue[] Run(byte[] model, IReadOnlyCollection<KeyValuePair<string, OrtValue>> inputs, IReadOnlyList<string> outputs, OrtMemoryInfo where, RunOptions options)
    {
        try
        {
            var session = Session(model);
            using var binding = session.CreateIoBinding();
            foreach (var (name, value) in inputs) binding.BindInput(name, value);
            foreach (var name in outputs) binding.BindOutputToDevice(name, where);
            binding.SynchronizeBoundInputs();
            session.RunWithBinding(options, binding);
            binding.SynchronizeBoundOutputs();
            // Each value is the caller's; the collection holds nothing else.
            return [.. binding.GetOutputValues()];
        }
        catch (OnnxRuntimeException exception) when (IsOutOfMemory(exception.Message))
        {
            throw new DeviceOutOfMemoryException($"cuda:{Gpu.Index} ({Gpu.Name})", exception);
        }
    }

    // "Failed to allocate memory for requested buffer", "CUDA failure 2: out of memory", "CUBLAS_STATUS_ALLOC_FAILED".
    private static bool IsOutOfMemory(string message) =>
        message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("Failed to allocate memory", StringComparison.OrdinalIgnoreCase)
        || message.Contains("ALLOC_FAILED", StringComparison.Ordinal);

    private InferenceSession Session(byte[] model)
    {
        var key = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(model));
        if (!_sessions.TryGetValue(key, out var session)) session = _sessions[key] = new InferenceSession(model, _options);
        return session;
    }
}
