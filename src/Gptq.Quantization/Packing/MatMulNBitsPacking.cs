using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Packing;

/// <summary>
/// A quantized linear in the layout of com.microsoft MatMulNBits: codes [out, blocks, block · bits / 8] with the first code in the low bits,
/// scales [out, blocks], zero points [out, ceil(blocks · bits / 8)]. The value of a code is (code − zero) · scale.
/// </summary>
public sealed class MatMulNBitsPacking
{
    /// <summary>The block size of a linear whose rows are one group each: the row's scale is repeated for every block.</summary>
    public const int RowBlockSize = 128;

    private const int SmallestBlock = 16;

    private readonly QuantizedLinear _linear;
    private readonly int _width;

    /// <summary>Prepares to pack a linear.</summary>
    /// <param name="linear">2, 4 or 8 bits, with groups in the order of columns (<see cref="Supports"/>).</param>
    public MatMulNBitsPacking(QuantizedLinear linear)
    {
        ArgumentNullException.ThrowIfNull(linear);
        if (!Supports(linear.Bits, linear.GroupSize, linear.InFeatures) || linear.GroupIndex is not null)
            throw new ArgumentException("MatMulNBits has no layout for this linear.", nameof(linear));
        _linear = linear;
        _width = (int)linear.Bits;
        BlockSize = BlockSizeOf(linear.GroupSize, linear.InFeatures);
        BlockCount = (linear.InFeatures + BlockSize - 1) / BlockSize;
    }

    /// <summary>Levels of a code.</summary>
    public BitWidth Bits => _linear.Bits;

    /// <summary>Columns that share a scale in the packed form.</summary>
    public int BlockSize { get; }

    /// <summary>Blocks of a row; the last one is filled up with the zero point.</summary>
    public int BlockCount { get; }

    /// <summary>Bytes of a row's codes.</summary>
    public int CodeBytesPerRow => BlockCount * BlockSize * _width / 8;

    /// <summary>Bytes of a row's zero points.</summary>
    public int ZeroBytesPerRow => ((BlockCount * _width) + 7) / 8;

    /// <summary>Whether the operator can hold such linears.</summary>
    /// <param name="bits">Levels.</param>
    /// <param name="groupSize">Columns of a group.</param>
    /// <param name="inFeatures">Columns.</param>
    public static bool Supports(BitWidth bits, int groupSize, int inFeatures) =>
        bits is BitWidth.Two or BitWidth.Four or BitWidth.Eight
        && (groupSize >= inFeatures || (groupSize >= SmallestBlock && int.IsPow2(groupSize)));

    /// <summary>The operator's block size for a group size.</summary>
    public static int BlockSizeOf(int groupSize, int inFeatures) =>
        groupSize >= inFeatures && !(int.IsPow2(groupSize) && groupSize is >= SmallestBlock and <= RowBlockSize) ? RowBlockSize : groupSize;

    /// <summary>Writes a row's codes.</summary>
    /// <param name="row">The row.</param>
    /// <param name="destination"><see cref="CodeBytesPerRow"/> bytes.</param>
    public void PackCodes(int row, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, CodeBytesPerRow);
        destination.Clear();
        var codes = _linear.Codes.AsSpan((int)((long)row * _linear.InFeatures), _linear.InFeatures);
        for (var column = 0; column < codes.Length; column++)
            Put(destination, column, codes[column]);

        var filler = Zero(row, BlockCount - 1);
        for (var column = codes.Length; column < BlockCount * BlockSize; column++)
            Put(destination, column, filler);
    }

    /// <summary>Writes a row's zero points.</summary>
    /// <param name="row">The row.</param>
    /// <param name="destination"><see cref="ZeroBytesPerRow"/> bytes.</param>
    public void PackZeros(int row, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, ZeroBytesPerRow);
        destination.Clear();
        for (var block = 0; block < BlockCount; block++)
            Put(destination, block, Zero(row, block));
    }

    /// <summary>Writes a row's scales.</summary>
    /// <param name="row">The row.</param>
    /// <param name="destination"><see cref="BlockCount"/> values.</param>
    public void CopyScales(int row, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, BlockCount);
        for (var block = 0; block < BlockCount; block++)
            destination[block] = _linear.Scales[Group(row, block)];
    }

    private void Put(Span<byte> destination, int index, int code)
    {
        var bit = (long)index * _width;
        destination[(int)(bit / 8)] |= (byte)(code << (int)(bit % 8));
    }

    private int Group(int row, int block) => (row * _linear.Groups) + (block * BlockSize / _linear.GroupSize);

    private int Zero(int row, int block)
    {
        var zero = _linear.Zeros[Group(row, block)];
        return zero == MathF.Floor(zero) && zero >= 0 && zero < 1 << _width
            ? (int)zero
            : throw new InvalidOperationException($"The zero point {zero} is no code of {_width} bits.");
    }
}
