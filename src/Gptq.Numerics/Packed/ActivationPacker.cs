using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gptq.Numerics.Packed;

/// <summary>Prepares a row of activations for the kernels.</summary>
/// <remarks>
/// An activation block with largest magnitude m gets the scale m / limit; its values are rounded half to even. Everything is written in
/// 128-bit vectors with a fixed order of sums, so that the result is the same on every machine.
/// </remarks>
internal static unsafe class ActivationPacker
{
    /// <summary>Below this magnitude a block counts as zero: its scale would be subnormal.</summary>
    private const float Tiny = 1e-30f;

    /// <summary>Added and subtracted, rounds |x| &lt; 2^22 half to even; as bits, the difference is the integer.</summary>
    private const float Rounder = 12582912f;

    /// <summary>Prepares one row.</summary>
    /// <param name="layout">The form.</param>
    /// <param name="source">[inFeatures].</param>
    /// <param name="inFeatures">Columns that the caller has.</param>
    /// <param name="columns">The caller's column of each stored one, or null.</param>
    /// <param name="ordered">Scratch for <c>layout.Columns</c> numbers, used where the columns need a new order or padding.</param>
    /// <param name="row">The destination: <c>layout.RowBytes</c> bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(in ActivationLayout layout, float* source, int inFeatures, int* columns, float* ordered, byte* row)
    {
        var values = Order(layout, source, inFeatures, columns, layout.Form == ActivationForm.Floats ? (float*)row : ordered);
        var scales = (float*)(row + layout.ValueBytes);
        var sums = row + layout.SumOffset;
        var block = 0;
        for (var group = 0; group < layout.Columns; group += layout.GroupSize)
        {
            var end = Math.Min(group + layout.GroupSize, layout.Columns);
            for (var start = group; start < end; start += layout.BlockColumns, block++)
            {
                var count = Math.Min(layout.BlockColumns, end - start);
                if (layout.Form == ActivationForm.Floats)
                {
                    scales[block] = 1;
                    ((float*)sums)[block] = Sum(values + start, count);
                }
                else
                {
                    ((int*)sums)[block] = Quantize(layout, values + start, start, count, row, scales + block);
                }
            }
        }
    }

    private static float* Order(in ActivationLayout layout, float* source, int inFeatures, int* columns, float* destination)
    {
        if (columns is not null)
        {
            for (var stored = 0; stored < layout.Columns; stored++)
            {
                var column = columns[stored];
                destination[stored] = (uint)column < (uint)inFeatures ? source[column] : 0;
            }

            return destination;
        }

        if (layout.Form != ActivationForm.Floats && layout.Columns == inFeatures)
        {
            return source;
        }

        new ReadOnlySpan<float>(source, inFeatures).CopyTo(new Span<float>(destination, inFeatures));
        new Span<float>(destination + inFeatures, layout.Columns - inFeatures).Clear();
        return destination;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(float* values, int count)
    {
        var (s0, s1, s2, s3) = (Vector128<float>.Zero, Vector128<float>.Zero, Vector128<float>.Zero, Vector128<float>.Zero);
        for (var i = 0; i < count; i += 16)
        {
            s0 += Vector128.Load(values + i);
            s1 += Vector128.Load(values + i + 4);
            s2 += Vector128.Load(values + i + 8);
            s3 += Vector128.Load(values + i + 12);
        }

        var sum = (s0 + s1) + (s2 + s3);
        return (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Quantize(in ActivationLayout layout, float* values, int start, int count, byte* row, float* scale)
    {
        // Magnitudes compare as integers; infinities and NaN come out on top and end in a NaN scale, which reaches the output.
        var magnitude = Vector128.Create(0x7FFFFFFF);
        var largestBits = Vector128<int>.Zero;
        for (var i = 0; i < count; i += 4)
        {
            largestBits = Vector128.Max(largestBits, Vector128.Load((int*)values + i) & magnitude);
        }

        var largest = BitConverter.Int32BitsToSingle(
            Math.Max(Math.Max(largestBits[0], largestBits[1]), Math.Max(largestBits[2], largestBits[3])));
        var usable = largest >= Tiny && float.IsFinite(largest);
        *scale = usable ? largest / layout.Limit : (float.IsFinite(largest) ? 0 : float.NaN);
        var inverse = Vector128.Create(usable ? layout.Limit / largest : 0);
        var limit = Vector128.Create(layout.Limit);
        var sum = Vector128<int>.Zero;
        for (var i = 0; i < count; i += 16)
        {
            var q0 = Round(values + i, inverse, limit);
            var q1 = Round(values + i + 4, inverse, limit);
            var q2 = Round(values + i + 8, inverse, limit);
            var q3 = Round(values + i + 12, inverse, limit);
            sum += (q0 + q1) + (q2 + q3);
            Store(layout.Form, row, start + i, Vector128.Narrow(q0, q1), Vector128.Narrow(q2, q3));
        }

        return Vector128.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Round(float* values, Vector128<float> inverse, Vector128<int> limit)
    {
        var rounder = Vector128.Create(Rounder);
        var rounded = ((Vector128.Load(values) * inverse) + rounder).AsInt32() - rounder.AsInt32();
        return Vector128.Min(Vector128.Max(rounded, -limit), limit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ActivationForm form, byte* row, int column, Vector128<short> low8, Vector128<short> high8)
    {
        switch (form)
        {
            case ActivationForm.Words:
                var order = Vector128.Create((short)0, 2, 1, 3, 4, 6, 5, 7);
                Vector128.Shuffle(low8, order).Store((short*)row + column);
                Vector128.Shuffle(high8, order).Store((short*)row + column + 8);
                break;
            case ActivationForm.OneLimb:
                Vector128.Narrow(low8, high8).Store((sbyte*)row + column);
                break;
            default:
                var block = (sbyte*)row + (column / PackedLayout.BlockColumns * 2 * PackedLayout.BlockColumns) + (column % PackedLayout.BlockColumns);
                var bias = Vector128.Create((short)128);
                Vector128.Narrow((low8 + bias) >> 8, (high8 + bias) >> 8).Store(block);
                Vector128.Narrow(low8, high8).Store(block + PackedLayout.BlockColumns);
                break;
        }
    }
}
