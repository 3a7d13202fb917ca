using System.Runtime.CompilerServices;

namespace Gptq.Numerics.Packed.Kernels;

/// <summary>Multiplies a block's codes by integer activations in one of the forms of <see cref="ActivationForm"/>.</summary>
internal unsafe interface IActivationForm
{
    /// <summary>Bytes of a block's activations.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>sum + Σ code · activation over the block's 32 columns.</summary>
    static abstract TInt Dot<TSimd, TByte, TInt, TFloat>(
        TInt sum, TByte c0, TByte c1, TByte c2, TByte c3, TByte c4, TByte c5, TByte c6, TByte c7, byte* x)
        where TSimd : struct, ISimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged;
}

/// <summary><see cref="ActivationForm.TwoLimbs"/>.</summary>
internal readonly unsafe struct TwoLimbs : IActivationForm
{
    public static int BlockBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Dot<TSimd, TByte, TInt, TFloat>(
        TInt sum, TByte c0, TByte c1, TByte c2, TByte c3, TByte c4, TByte c5, TByte c6, TByte c7, byte* x)
        where TSimd : struct, ISimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged =>
        TSimd.DotTwoLimbs(sum, c0, c1, c2, c3, c4, c5, c6, c7, (sbyte*)x);
}

/// <summary><see cref="ActivationForm.OneLimb"/>.</summary>
internal readonly unsafe struct OneLimb : IActivationForm
{
    public static int BlockBytes => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Dot<TSimd, TByte, TInt, TFloat>(
        TInt sum, TByte c0, TByte c1, TByte c2, TByte c3, TByte c4, TByte c5, TByte c6, TByte c7, byte* x)
        where TSimd : struct, ISimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged =>
        TSimd.Dot(sum, c0, c1, c2, c3, c4, c5, c6, c7, (sbyte*)x);
}

/// <summary><see cref="ActivationForm.Words"/>.</summary>
internal readonly unsafe struct Words : IActivationForm
{
    public static int BlockBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInt Dot<TSimd, TByte, TInt, TFloat>(
        TInt sum, TByte c0, TByte c1, TByte c2, TByte c3, TByte c4, TByte c5, TByte c6, TByte c7, byte* x)
        where TSimd : struct, ISimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged
    {
        var words = (short*)x;
        sum = TSimd.DotWords(TSimd.DotWords(sum, c0, words), c1, words + 4);
        sum = TSimd.DotWords(TSimd.DotWords(sum, c2, words + 8), c3, words + 12);
        sum = TSimd.DotWords(TSimd.DotWords(sum, c4, words + 16), c5, words + 20);
        return TSimd.DotWords(TSimd.DotWords(sum, c6, words + 24), c7, words + 28);
    }
}
