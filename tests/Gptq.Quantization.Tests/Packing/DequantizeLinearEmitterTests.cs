using Gptq.Quantization.Architectures.Emitters;

namespace Gptq.Quantization.Tests.Packing;

public sealed class DequantizeLinearEmitterTests
{
    [Theory]
    [InlineData(BitWidth.Four, 32, 128, 24)]
    [InlineData(BitWidth.Eight, 32, 128, 24)]
    [InlineData(BitWidth.Three, 64, 128, 24)]
    [InlineData(BitWidth.Two, 16, 64, 7)]
    [InlineData(BitWidth.Four, 172, 172, 5)]
    [InlineData(BitWidth.Eight, 100, 100, 5)]
    [InlineData(BitWidth.Four, 64, 172, 9)]
    public void A_written_file_stands_for_exactly_codes_times_scales(BitWidth bits, int group, int inFeatures, int outFeatures)
    {
        var linear = SampleLinear.Random(outFeatures, inFeatures, bits, group);
        var expected = new float[outFeatures * inFeatures];
        linear.Dequantize(expected);
        var identity = new float[inFeatures * inFeatures];
        for (var column = 0; column < inFeatures; column++)
            identity[(column * inFeatures) + column] = 1;

        // Not optimized: fused, the product rounds its input to 8 bits.
        var columns = SampleLinear.Multiply(linear, new DequantizeLinearEmitter(_ => linear), identity, inFeatures, optimized: false);

        for (var row = 0; row < outFeatures; row++)
        {
            for (var column = 0; column < inFeatures; column++)
                Assert.Equal(expected[(row * inFeatures) + column], columns[(column * outFeatures) + row]);
        }
    }
}
