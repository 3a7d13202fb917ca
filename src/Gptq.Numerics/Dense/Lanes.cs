using System.Numerics;

namespace Gptq.Numerics.Dense;

/// <summary>Element-wise operations on rows: the same bits whatever the width of a vector, since no lane meets another.</summary>
internal static unsafe class Lanes
{
    /// <summary>y −= factor·x, fused.</summary>
    public static void SubtractScaled(float* y, float* x, float factor, nint count)
    {
        var negative = new Vector<float>(-factor);
        nint i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            Vector.FusedMultiplyAdd(Vector.Load(x + i), negative, Vector.Load(y + i)).Store(y + i);
        for (; i < count; i++) y[i] = MathF.FusedMultiplyAdd(x[i], -factor, y[i]);
    }

    /// <summary>y *= factor.</summary>
    public static void Scale(float* y, float factor, nint count)
    {
        var factors = new Vector<float>(factor);
        nint i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(y + i) * factors).Store(y + i);
        for (; i < count; i++) y[i] *= factor;
    }
}
