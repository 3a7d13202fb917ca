using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Tests.Packing.AutoGptq;

/// <summary>
/// Reads a linear of AutoGPTQ's layout value by value, from the layout's description and nothing of ours: of each word, code by code; 3 bits
/// with the two straddling codes of every three words spelled out.
/// </summary>
internal sealed class IndependentReader(ITensorSource tensors, string module, int bits, bool storesZeroMinusOne)
{
    private readonly int[] _qweight = tensors.ReadArray<int>(module + ".qweight");
    private readonly int[] _qzeros = tensors.ReadArray<int>(module + ".qzeros");
    private readonly Half[] _scales = tensors.ReadArray<Half>(module + ".scales");
    private readonly int[] _index = tensors.ReadArray<int>(module + ".g_idx");

    public int InFeatures => _index.Length;

    public int OutFeatures { get; } = (int)tensors.Tensors[module + ".scales"].Shape[1];

    public int Code(int output, int input) => Extract(word => _qweight[(word * OutFeatures) + output], input);

    public int Zero(int output, int group)
        => Extract(word => _qzeros[(group * (OutFeatures * bits / 32)) + word], output) + (storesZeroMinusOne ? 1 : 0);

    public float Weight(int output, int input)
    {
        var group = _index[input];
        return (float)_scales[(group * OutFeatures) + output] * (Code(output, input) - Zero(output, group));
    }

    private int Extract(Func<int, int> word, int position)
    {
        if (bits != 3)
        {
            var perWord = 32 / bits;
            return (word(position / perWord) >>> (bits * (position % perWord))) & ((1 << bits) - 1);
        }

        var first = position / 32 * 3;
        uint a = (uint)word(first), b = (uint)word(first + 1), c = (uint)word(first + 2);
        return (int)((position % 32) switch
        {
            < 10 and var i => (a >> (3 * i)) & 7,
            10 => (a >> 30) | ((b & 1) << 2),
            < 21 and var i => (b >> ((3 * (i - 11)) + 1)) & 7,
            21 => (b >> 31) | ((c & 3) << 1),
            var i => (c >> ((3 * (i - 22)) + 2)) & 7,
        });
    }
}
