using System.Numerics;
using Gptq.Numerics.Dense;

namespace Gptq.Numerics.Tests;

public sealed unsafe class LanesTests
{
    [Fact]
    public void GiveTheBitsOfTheirScalarTwins()
    {
        for (var count = 0; count < 70; count++)
        {
            var x = RandomMatrix.Uniform(1, 70, 1);
            var before = RandomMatrix.Uniform(1, 70, 2);
            var (subtracted, scaled) = (before.ToArray(), before.ToArray());
            fixed (float* xPinned = x, subtractedPinned = subtracted, scaledPinned = scaled)
            {
                Lanes.SubtractScaled(subtractedPinned, xPinned, 0.3f, count);
                Lanes.Scale(scaledPinned, 0.3f, count);
            }
            for (var i = 0; i < 70; i++)
            {
                Assert.Equal(i < count ? MathF.FusedMultiplyAdd(x[i], -0.3f, before[i]) : before[i], subtracted[i]);
                Assert.Equal(i < count ? before[i] * 0.3f : before[i], scaled[i]);
            }
        }
    }

    [Fact]
    public void ThePowerIsTheLibrarys()
    {
        for (var exponent = -14.9; exponent < 12; exponent += 0.0137)
        {
            var x = (float)Math.Pow(10, exponent);
            var expected = Math.Pow(x, 2.4);
            Assert.Equal(expected, PowerLanes.Power24(new Vector<float>(x))[0], 3e-6 * expected);
        }
        Assert.Equal(0, PowerLanes.Power24(Vector<float>.Zero)[0]);
        Assert.Equal(0, PowerLanes.Power24(new Vector<float>(1e-30f))[0]);
        Assert.Equal(1, PowerLanes.Power24(Vector<float>.One)[0]);
    }
}
