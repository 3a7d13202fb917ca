using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Packing;

namespace Gptq.Quantization.Tests.Packing;

public sealed class MatMulNBitsPackingTests
{
    public static TheoryData<BitWidth, int, int> Layouts() => new()
    {
        { BitWidth.Two, 32, 128 }, { BitWidth.Four, 32, 128 }, { BitWidth.Eight, 32, 128 },
        { BitWidth.Four, 16, 172 }, { BitWidth.Four, 128, 172 }, { BitWidth.Eight, 64, 100 }, { BitWidth.Two, 64, 100 },
        { BitWidth.Four, 172, 172 }, { BitWidth.Eight, 300, 300 }, { BitWidth.Four, 64, 64 }, { BitWidth.Four, 256, 512 }, { BitWidth.Four, 40, 40 },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_written_file_stands_for_exactly_codes_times_scales(BitWidth bits, int group, int inFeatures)
    {
        const int OutFeatures = 24;
        var linear = SampleLinear.Random(OutFeatures, inFeatures, bits, group);
        var expected = new float[OutFeatures * inFeatures];
        linear.Dequantize(expected);

        // Unit vectors pick the weights one by one: each product has one term, so nothing is rounded.
        var identity = new float[inFeatures * inFeatures];
        for (var column = 0; column < inFeatures; column++)
            identity[(column * inFeatures) + column] = 1;
        var columns = SampleLinear.Multiply(linear, new MatMulNBitsEmitter(_ => linear, accuracyLevel: 0), identity, inFeatures);

        for (var row = 0; row < OutFeatures; row++)
        {
            for (var column = 0; column < inFeatures; column++)
                Assert.Equal(expected[(row * inFeatures) + column], columns[(column * OutFeatures) + row]);
        }
    }

    [Fact]
    public void Codes_that_fill_up_the_last_block_are_the_zero_point()
    {
        var linear = SampleLinear.Random(3, 40, BitWidth.Four, 32);
        var packing = new MatMulNBitsPacking(linear);
        var codes = new byte[packing.CodeBytesPerRow];
        packing.PackCodes(1, codes);

        var zero = (int)linear.Zeros[(1 * linear.Groups) + 1];
        Assert.Equal(2, packing.BlockCount);
        Assert.All(codes[20..], pair => Assert.Equal(zero | (zero << 4), pair));
    }

    [Theory]
    [InlineData(BitWidth.Three, 128, 512, false)]
    [InlineData(BitWidth.Ternary, 128, 512, false)]
    [InlineData(BitWidth.Four, 48, 512, false)]
    [InlineData(BitWidth.Four, 8, 512, false)]
    [InlineData(BitWidth.Four, 512, 512, true)]
    [InlineData(BitWidth.Two, 16, 512, true)]
    public void Says_what_the_operator_can_hold(BitWidth bits, int group, int inFeatures, bool supported) =>
        Assert.Equal(supported, MatMulNBitsPacking.Supports(bits, group, inFeatures));
}
