using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Calibration;

/// <summary>
/// Runs a model part by part in ONNX Runtime: embedding, one block after another, head. The parts come from the same definition as the
/// shipped decoder. Weights are bound to memory of ours, so parts of equal shape share one session and one set of buffers.
/// </summary>
/// <remarks>Not for several threads at once. At most one part should be open at a time: its weights are what occupies the memory.</remarks>
public sealed class BlockRunner : IDisposable
{
    private readonly Architecture _architecture;
    private readonly SessionOptions _options;
    private readonly Dictionary<string, InferenceSession> _sessions = new(StringComparer.Ordinal);
    private readonly BufferPool _buffers = new();

    /// <summary>Prepares to run a model.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="threads">Threads of ONNX Runtime; results do not depend on it.</param>
    public BlockRunner(Architecture architecture, int threads)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        _architecture = architecture;
        _options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            // Freed memory goes back to the system: what a part needs at its peak is all it ever holds.
            EnableCpuMemArena = false,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
    }

    /// <summary>Reads the embedding's parameters. Its input are token ids.</summary>
    public ModelPart OpenEmbedding() => Open(PartGraph.Embedding(_architecture));

    /// <summary>Reads a block's parameters.</summary>
    /// <param name="layer">The block, from 0.</param>
    public ModelPart OpenBlock(int layer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, _architecture.LayerCount);
        return Open(PartGraph.Block(_architecture, layer));
    }

    /// <summary>Reads the head's parameters: final norm, projection, lm_head. Its output are logits.</summary>
    public ModelPart OpenHead() => Open(PartGraph.Head(_architecture));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var session in _sessions.Values)
            session.Dispose();
        _sessions.Clear();
        _options.Dispose();
    }

    private ModelPart Open(PartGraph graph) => new(_architecture, graph, Session, _buffers);

    private InferenceSession Session(byte[] model)
    {
        var key = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(model));
        if (!_sessions.TryGetValue(key, out var session))
            session = _sessions[key] = new InferenceSession(model, _options);
        return session;
    }
}
