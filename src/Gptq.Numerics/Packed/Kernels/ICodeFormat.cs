namespace Gptq.Numerics.Packed.Kernels;

/// <summary>Takes a block's codes apart: vector j has, in byte b of each row's word, the code of column 4j + b.</summary>
internal unsafe interface ICodeFormat
{
    /// <summary>Vectors of 64 bytes in a block.</summary>
    static abstract int Bits { get; }

    /// <summary>
    /// Null for codes on a grid. A ternary weight is the sum of two planes of bits, each with an own level: this is the level's place
    /// in the group's scales.
    /// </summary>
    static abstract int? Plane { get; }

    /// <summary>The codes of a block.</summary>
    static abstract void Unpack<TSimd, TByte, TInt, TFloat>(
        byte* block,
        out TByte c0,
        out TByte c1,
        out TByte c2,
        out TByte c3,
        out TByte c4,
        out TByte c5,
        out TByte c6,
        out TByte c7)
        where TSimd : struct, ISimd<TByte, TInt, TFloat>
        where TByte : unmanaged
        where TInt : unmanaged
        where TFloat : unmanaged;
}
