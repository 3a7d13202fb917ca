using System.Numerics;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>Sums of products, lane by lane, in double precision.</summary>
internal static class Products
{
    /// <summary>Adds a·b to the sums of the lower and the upper half of the lanes.</summary>
    public static void Add(Vector<float> a, Vector<float> b, ref Vector<double> low, ref Vector<double> high)
    {
        Vector.Widen(a, out var aLow, out var aHigh);
        Vector.Widen(b, out var bLow, out var bHigh);
        low += aLow * bLow;
        high += aHigh * bHigh;
    }
}
