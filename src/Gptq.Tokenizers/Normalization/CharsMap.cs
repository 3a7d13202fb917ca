using System.Buffers.Binary;
using System.Text;

namespace Gptq.Tokenizers.Normalization;

/// <summary>SentencePiece's table of replacements: a double-array trie over UTF-8, and the replacements one after the other, each ended by a zero.</summary>
/// <remarks>
/// Layout: uint32 size of the trie in bytes, the trie's units (uint32), the replacements. A unit holds its label in bits 0-7, in bit 8 whether a leaf
/// hangs off it, in bits 10-30 the offset to its children (times 256 where bit 9 is set); a leaf has bit 31 set and the value in the others.
/// All numbers are little-endian. Nothing is trusted: every index is checked.
/// </remarks>
internal sealed class CharsMap
{
    private readonly uint[] _units;
    private readonly byte[] _replacements;

    /// <exception cref="InvalidDataException">The sizes do not fit.</exception>
    public CharsMap(ReadOnlySpan<byte> data)
    {
        if (data.Length < 4) throw new InvalidDataException("The precompiled table of replacements is too short.");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(data);
        if (size % 4 != 0 || size > data.Length - 4) throw new InvalidDataException("The precompiled table of replacements is cut off.");
        _units = new uint[size / 4];
        for (var i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(data[(4 + (4 * i))..]);
        _replacements = data[(4 + (int)size)..].ToArray();
    }

    /// <summary>The replacement for a beginning of the text, and how many bytes of it are replaced; null when none begins there.</summary>
    /// <param name="utf8">The text from here on.</param>
    /// <param name="longest">Whether the longest beginning counts, else the shortest.</param>
    public (string Replacement, int Length)? Find(ReadOnlySpan<byte> utf8, bool longest)
    {
        if (_units.Length == 0) return null;
        (int Value, int Length)? found = null;
        var node = Offset(_units[0]);
        for (var i = 0; i < utf8.Length; i++)
        {
            node ^= utf8[i];
            if (node >= _units.Length) break;
            var unit = _units[node];
            if ((unit & 0x800000FF) != utf8[i]) break;
            node ^= Offset(unit);
            if ((unit & 0x100) == 0) continue;
            if (node >= _units.Length) break;
            found = ((int)(_units[node] & 0x7FFFFFFF), i + 1);
            if (!longest) break;
        }

        if (found is not (var value, var length) || value >= _replacements.Length) return null;
        var replacement = _replacements.AsSpan(value);
        var end = replacement.IndexOf((byte)0);
        return (Encoding.UTF8.GetString(end < 0 ? replacement : replacement[..end]), length);
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);
}
