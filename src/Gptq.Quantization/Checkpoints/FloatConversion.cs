using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Gptq.Quantization.Checkpoints;

/// <summary>Conversion of stored floating-point types to float32. Each has a plain scalar twin that the tests compare it with.</summary>
internal static class FloatConversion
{
    private const float SubnormalStep = 1f / (1 << 24);

    /// <summary>Converts IEEE half precision. Exact, NaN payloads kept.</summary>
    public static void FromFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, source.Length);
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref MemoryMarshal.GetReference(destination);
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= source.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                var (low, high) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
                Widen(low).StoreUnsafe(ref to, (nuint)i);
                Widen(high).StoreUnsafe(ref to, (nuint)(i + Vector256<float>.Count));
            }
        }

        for (; i < source.Length; i++)
        {
            Unsafe.Add(ref to, i) = FromFloat16(Unsafe.Add(ref from, i));
        }
    }

    /// <summary>Converts one value of IEEE half precision.</summary>
    public static float FromFloat16(ushort bits)
    {
        var sign = (uint)(bits & 0x8000) << 16;
        var magnitude = (uint)bits & 0x7FFF;
        return magnitude switch
        {
            // A subnormal is magnitude · 2⁻²⁴.
            < 0x0400 => BitConverter.UInt32BitsToSingle(sign | BitConverter.SingleToUInt32Bits(magnitude * SubnormalStep)),
            < 0x7C00 => BitConverter.UInt32BitsToSingle(sign | ((magnitude << 13) + (112u << 23))),
            _ => BitConverter.UInt32BitsToSingle(sign | (magnitude << 13) | 0x7F80_0000),
        };
    }

    /// <summary>Converts bfloat16, the upper half of a float32. Exact, NaN payloads kept.</summary>
    public static void FromBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, source.Length);
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(destination));
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= source.Length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                var (low, high) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
                (low << 16).StoreUnsafe(ref to, (nuint)i);
                (high << 16).StoreUnsafe(ref to, (nuint)(i + Vector256<uint>.Count));
            }
        }

        for (; i < source.Length; i++)
        {
            Unsafe.Add(ref to, i) = (uint)Unsafe.Add(ref from, i) << 16;
        }
    }

    /// <summary>Rounds double precision to the nearest float32.</summary>
    public static void FromFloat64(ReadOnlySpan<double> source, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, source.Length);
        for (var i = 0; i < source.Length; i++)
        {
            destination[i] = (float)source[i];
        }
    }

    private static Vector256<float> Widen(Vector256<uint> half)
    {
        var sign = (half & Vector256.Create(0x8000u)) << 16;
        var magnitude = half & Vector256.Create(0x7FFFu);
        var normal = (magnitude << 13) + Vector256.Create(112u << 23);

        // 0.5 has steps of 2⁻²⁴: put the magnitude in its lowest bits and take the 0.5 away. No subnormal float32 is touched, which would be slow.
        var subnormal = ((magnitude + Vector256.Create(0x3F00_0000u)).AsSingle() - Vector256.Create(0.5f)).AsUInt32();
        var special = (magnitude << 13) | Vector256.Create(0x7F80_0000u);
        var bits = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(0x0400u)), subnormal, normal);
        bits = Vector256.ConditionalSelect(Vector256.GreaterThan(magnitude, Vector256.Create(0x7BFFu)), special, bits);
        return (bits | sign).AsSingle();
    }
}
