using Gptq.Quantization.Architectures;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Allocation;

/// <summary>
/// What a quantized linear takes in the result: its codes, scales, zero points and column index, as the operators (or AutoGPTQ's layout) store them, padding to
/// whole tiles and words left out. <c>TargetBitsPerWeight</c> is an average of this.
/// </summary>
internal sealed record WeightStorage
{
    private readonly bool _halvesOfBytes;
    private readonly bool _fullBytes;
    private readonly int _scaleBits;
    private readonly bool _symmetric;
    private readonly bool _storesOrder;

    /// <summary>How a plan's layers are stored.</summary>
    public WeightStorage(QuantizationOptions options, OperatorSet operators)
    {
        var onnx = options.Formats.HasFlag(ModelFormats.Onnx);
        // The operators of Gptq.Runtime store two zero points to a byte up to 4 bits; standard ONNX has codes of 4 and 8 bits alone.
        _halvesOfBytes = onnx && operators == OperatorSet.Gptq;
        _fullBytes = onnx && operators == OperatorSet.Portable;
        _scaleBits = onnx && OperatorChoice.ScalesOf(operators) == ScaleStorage.SinglePrecision ? 32 : 16;
        _symmetric = options.Symmetric;
        _storesOrder = options.ActOrder == ActOrder.Dynamic;
    }

    /// <summary>Bits of a code as it is stored.</summary>
    public int CodeBits(BitWidth bits)
    {
        var width = bits == BitWidth.Ternary ? 2 : (int)bits;
        return !_fullBytes ? width : width == 8 ? 8 : 4;
    }

    /// <summary>Bits of a whole linear.</summary>
    public long Bits(LinearModule module, LayerForm form)
    {
        var groups = form.GroupSize == -1 ? 1 : (module.InFeatures + form.GroupSize - 1) / form.GroupSize;
        var perGroup = form.Bits == BitWidth.Ternary ? 2 * _scaleBits : _scaleBits + ZeroBits(form.Bits);
        var order = _storesOrder && groups > 1 ? 32L * module.InFeatures : 0;
        return (long)module.OutFeatures * (((long)module.InFeatures * CodeBits(form.Bits)) + ((long)groups * perGroup)) + order;
    }

    private int ZeroBits(BitWidth bits) => _symmetric ? 0 : _halvesOfBytes ? Math.Max(4, (int)bits) : CodeBits(bits);
}
