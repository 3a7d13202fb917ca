using System.Numerics;

namespace Gptq.Numerics.Dense;

/// <summary>x^2.4 for many x at once, with the same bits whatever the width of a vector.</summary>
internal static class PowerLanes
{
    // log2(1 + t) = t·(c0 + t·(c1 + …)) on [√½ − 1, √2 − 1] and 2^t on [−½, ½]: the series 2·atanh(t / (2 + t)) / ln 2 and the exponential's.
    private const float Log2E = 1.44269504f;
    private const float SquareRootOfHalf = 0.70710678f;

    /// <summary>x^2.4 for x ≥ 0, to about six digits; 0 below 1e-15, whose power no sum of float32 would notice.</summary>
    public static Vector<float> Power24(Vector<float> x)
    {
        // x = 2^e · m with m in [√½, √2)
        var bits = Vector.AsVectorInt32(x) - new Vector<int>(BitConverter.SingleToInt32Bits(SquareRootOfHalf));
        var exponent = Vector.ShiftRightArithmetic(bits, 23);
        var m = Vector.AsVectorSingle(Vector.AsVectorInt32(x) - Vector.ShiftLeft(exponent, 23));
        var z = (m - Vector<float>.One) / (m + Vector<float>.One);
        var z2 = z * z;
        var series = new Vector<float>(2f / 9);
        series = Vector.FusedMultiplyAdd(series, z2, new Vector<float>(2f / 7));
        series = Vector.FusedMultiplyAdd(series, z2, new Vector<float>(2f / 5));
        series = Vector.FusedMultiplyAdd(series, z2, new Vector<float>(2f / 3));
        series = Vector.FusedMultiplyAdd(series, z2, new Vector<float>(2f));
        var log2 = Vector.FusedMultiplyAdd(series * z, new Vector<float>(Log2E), Vector.ConvertToSingle(exponent));

        // x^0.4 = 2^(0.4·log2 x), and x² exactly rounded beside it
        var y = log2 * new Vector<float>(0.4f);
        var whole = Vector.Round(y, MidpointRounding.ToEven);
        var t = (y - whole) * new Vector<float>(0.693147181f);
        var power = new Vector<float>(1f / 720);
        power = Vector.FusedMultiplyAdd(power, t, new Vector<float>(1f / 120));
        power = Vector.FusedMultiplyAdd(power, t, new Vector<float>(1f / 24));
        power = Vector.FusedMultiplyAdd(power, t, new Vector<float>(1f / 6));
        power = Vector.FusedMultiplyAdd(power, t, new Vector<float>(0.5f));
        power = Vector.FusedMultiplyAdd(power, t, Vector<float>.One);
        power = Vector.FusedMultiplyAdd(power, t, Vector<float>.One);
        var scale = Vector.AsVectorSingle(Vector.ShiftLeft(Vector.ConvertToInt32(whole) + new Vector<int>(127), 23));
        var result = power * scale * x * x;
        return Vector.ConditionalSelect(Vector.LessThan(x, new Vector<float>(1e-15f)), Vector<float>.Zero, result);
    }
}
