using System.Collections.Concurrent;
using TorchSharp;

namespace Gptq.TorchSharp;

/// <summary>
/// Numbers as TorchSharp's native calls take them, kept for good. One that is made on the way into a call has no other owner, and may be
/// finalized while the call still reads it.
/// </summary>
internal static class Constant
{
    private static readonly ConcurrentDictionary<double, Scalar> s_known = new();

    /// <summary>A number of a small set; others are for a using declaration around the call.</summary>
    public static Scalar Of(double value) => s_known.GetOrAdd(value, static number => number.ToScalar());
}
