using Gptq.Quantization.Architectures;
using Gptq.Quantization.Packing.AutoGptq;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>The linears that a checkpoint holds quantized: their codes are taken as they are.</summary>
public sealed class StoredLinears
{
    private readonly Architecture _architecture;
    private readonly AutoGptqCheckpoint _checkpoint;
    private readonly HashSet<string> _names;

    internal StoredLinears(Architecture architecture, AutoGptqCheckpoint checkpoint)
    {
        _architecture = architecture;
        _checkpoint = checkpoint;
        _names = [.. checkpoint.Modules];
    }

    /// <summary>Whether a linear is one of them.</summary>
    public bool Contains(LinearModule module) => _architecture.TiedEmbedding(module) is null && _names.Contains(_architecture.StoredName(module));

    /// <summary>How a linear was quantized.</summary>
    public AutoGptqConfig ConfigOf(LinearModule module) => _checkpoint.ConfigOf(_architecture.StoredName(module));

    /// <summary>Whether the columns of each of a linear's groups stand side by side.</summary>
    /// <exception cref="GptqException">GPTQ2219: its g_idx is wrong. GPTQ22xx: a file is damaged.</exception>
    public bool IsInOrder(LinearModule module) => _checkpoint.IsInOrder(_architecture.StoredName(module));

    /// <summary>Reads a linear's codes, scales and zero points.</summary>
    /// <exception cref="GptqException">GPTQ2219: they are wrong. GPTQ22xx: a file is damaged.</exception>
    public QuantizedLinear Read(LinearModule module) => _checkpoint.ReadLinear(_architecture.StoredName(module));
}
