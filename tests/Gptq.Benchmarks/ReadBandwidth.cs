using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gptq.Benchmarks;

/// <summary>Reads memory that no cache holds, as fast as some threads can: what bounds a product with one row.</summary>
internal sealed class ReadBandwidth
{
    private readonly ulong[][] _memory;

    public ReadBandwidth(int threads)
    {
        _memory = new ulong[threads][];
        for (var thread = 0; thread < threads; thread++)
        {
            _memory[thread] = GC.AllocateUninitializedArray<ulong>((int)(Bytes / sizeof(ulong) / threads));
            _memory[thread].AsSpan().Fill(1);
        }
    }

    /// <summary>Bytes that <see cref="Read"/> reads.</summary>
    public long Bytes { get; } = 256L << 20;

    public ulong Sum { get; private set; }

    public void Read()
    {
        var sums = new ulong[_memory.Length];
        Parallel.For(0, sums.Length, new ParallelOptions { MaxDegreeOfParallelism = sums.Length }, thread => sums[thread] = Add(_memory[thread]));
        Sum = sums.Aggregate(0UL, (total, sum) => total + sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Add(ReadOnlySpan<ulong> memory)
    {
        var (s0, s1, s2, s3) = (Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero, Vector256<ulong>.Zero);
        for (var i = 0; i + 16 <= memory.Length; i += 16)
        {
            var block = memory.Slice(i, 16);
            s0 += Vector256.Create(block);
            s1 += Vector256.Create(block[4..]);
            s2 += Vector256.Create(block[8..]);
            s3 += Vector256.Create(block[12..]);
        }

        return Vector256.Sum((s0 + s1) + (s2 + s3));
    }
}
