namespace Gptq.Quantization.Packing.AutoGptq;

/// <summary>
/// Codes in 32-bit words: a stream of bits, low bits first, in which a code may straddle two words (with 3 bits, 32 codes take 3 words and the
/// codes 10 and 21 straddle).
/// </summary>
internal static class CodeWords
{
    private const int Word = 32;

    // Columns that are handled together, so that words of one cache line are written together.
    private const int Tile = 16;

    /// <summary>The least number of codes that fill whole words.</summary>
    public static int Multiple(int bits) => bits == 3 ? Word : Word / bits;

    /// <summary>Packs down the rows: word w of column n holds codes of row n.</summary>
    /// <param name="codes">[columns, length], one code a byte.</param>
    /// <param name="length">Codes of a row, a multiple of <see cref="Multiple"/>.</param>
    /// <param name="bits">Bits of a code.</param>
    /// <returns>[length · bits / 32, columns].</returns>
    public static int[] PackTransposed(ReadOnlySpan<byte> codes, int length, int bits)
    {
        var columns = codes.Length / length;
        var words = new int[(long)length * bits / Word * columns];
        for (var first = 0; first < columns; first += Tile)
        {
            var end = Math.Min(first + Tile, columns);
            for (var k = 0; k < length; k++)
            {
                var (word, shift) = Math.DivRem(k * bits, Word);
                for (var n = first; n < end; n++)
                {
                    var code = (uint)codes[(n * length) + k];
                    words[(word * columns) + n] |= (int)(code << shift);
                    if (shift + bits > Word)
                    {
                        words[((word + 1) * columns) + n] |= (int)(code >> (Word - shift));
                    }
                }
            }
        }

        return words;
    }

    /// <summary>The inverse of <see cref="PackTransposed"/>.</summary>
    public static byte[] UnpackTransposed(ReadOnlySpan<int> words, int length, int bits)
    {
        var columns = (int)((long)words.Length * Word / ((long)length * bits));
        var codes = new byte[length * columns];
        var mask = (1u << bits) - 1;
        for (var first = 0; first < columns; first += Tile)
        {
            var end = Math.Min(first + Tile, columns);
            for (var k = 0; k < length; k++)
            {
                var (word, shift) = Math.DivRem(k * bits, Word);
                for (var n = first; n < end; n++)
                {
                    var code = (uint)words[(word * columns) + n] >> shift;
                    if (shift + bits > Word)
                    {
                        code |= (uint)words[((word + 1) * columns) + n] << (Word - shift);
                    }

                    codes[(n * length) + k] = (byte)(code & mask);
                }
            }
        }

        return codes;
    }
}
