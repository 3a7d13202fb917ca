namespace Gptq.Numerics.Packed.Kernels;

/// <summary>What a tile kernel needs of an instruction set. One lane of a vector of 32-bit numbers is one row of the tile.</summary>
/// <typeparam name="TByte">A vector of bytes: four codes to a row.</typeparam>
/// <typeparam name="TInt">A vector of int32, one a row.</typeparam>
/// <typeparam name="TFloat">A vector of float32, one a row.</typeparam>
internal unsafe interface ISimd<TByte, TInt, TFloat>
    where TByte : unmanaged
    where TInt : unmanaged
    where TFloat : unmanaged
{
    /// <summary>Rows of a vector; divides 16.</summary>
    static abstract int Rows { get; }

    static abstract TByte Load(byte* source);

    static abstract void Store(float* destination, TFloat value);

    /// <summary>Every byte.</summary>
    static abstract TByte Fill(byte value);

    static abstract TByte And(TByte left, TByte right);

    static abstract TByte Or(TByte left, TByte right);

    /// <summary>Shifts right at least within 16-bit lanes; bits that cross bytes are the caller's to mask.</summary>
    static abstract TByte ShiftRight(TByte value, int count);

    /// <summary>Every lane.</summary>
    static abstract TInt Fill(int value);

    /// <summary>Every lane.</summary>
    static abstract TFloat Fill(float value);

    /// <summary>
    /// Adds 32 columns: sum + Σj Σb codes[j][b] · x[4j + b] in each lane. Codes are at most 15, so that eight pair sums fit int16.
    /// </summary>
    static abstract TInt Dot(
        TInt sum, TByte c0, TByte c1, TByte c2, TByte c3, TByte c4, TByte c5, TByte c6, TByte c7, sbyte* x);

    /// <summary>As <see cref="Dot"/>, with the value 256 · x[i] + x[32 + i].</summary>
    static abstract TInt DotTwoLimbs(
        TInt sum, TByte c0, TByte c1, TByte c2, TByte c3, TByte c4, TByte c5, TByte c6, TByte c7, sbyte* x);

    /// <summary>Adds 4 columns of codes up to 255: sum + c[0] x[0] + c[1] x[2] + c[2] x[1] + c[3] x[3].</summary>
    static abstract TInt DotWords(TInt sum, TByte codes, short* x);

    /// <summary>left − right · factor.</summary>
    static abstract TInt MultiplySubtract(TInt left, TInt right, int factor);

    static abstract TFloat ToFloat(TInt value);

    /// <summary>Codes in the form that <see cref="CodeToFloat"/> takes.</summary>
    /// <param name="codes">Codes as unpacked.</param>
    /// <param name="middle">What is to be subtracted.</param>
    /// <param name="areNibbles">Whether all codes are below 16.</param>
    static abstract TByte Center(TByte codes, byte middle, bool areNibbles);

    /// <summary>code − middle for byte b of each row's word, as float32.</summary>
    static abstract TFloat CodeToFloat(TByte centered, int b, byte middle, bool areNibbles);

    static abstract TFloat Add(TFloat left, TFloat right);

    static abstract TFloat Multiply(TFloat left, TFloat right);

    /// <summary>left · right + addend, rounded once.</summary>
    static abstract TFloat MultiplyAdd(TFloat left, TFloat right, TFloat addend);

    /// <summary>The float16 scales of the rows from <paramref name="row"/>.</summary>
    static abstract TFloat LoadScales(ushort* tileScales, int row);

    /// <summary>The zero points of the rows from <paramref name="row"/>, one byte each.</summary>
    static abstract TInt LoadZeroBytes(byte* tileZeros, int row);

    /// <summary>The zero points of the rows from <paramref name="row"/>: rows r and r + 8 in byte r, low nibble first.</summary>
    static abstract TInt LoadZeroNibbles(byte* tileZeros, int row);

    /// <summary>Asks for a cache line that is needed soon.</summary>
    static abstract void Prefetch(byte* address);
}
