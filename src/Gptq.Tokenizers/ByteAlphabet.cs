using System.Text;

namespace Gptq.Tokenizers;

/// <summary>GPT-2's way to write any byte as a visible character: printable Latin-1 stands for itself, the other 68 bytes for U+0100 and up.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] ToCharacter = BuildAlphabet();
    private static readonly short[] ToByte = Invert(ToCharacter);

    /// <summary>The characters that stand for the UTF-8 bytes of a text.</summary>
    public static string Encode(ReadOnlySpan<char> text)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        return string.Create(utf8.Length, utf8, static (characters, bytes) =>
        {
            for (var i = 0; i < bytes.Length; i++) characters[i] = ToCharacter[bytes[i]];
        });
    }

    /// <summary>Whether a character stands for a byte, and which.</summary>
    public static bool TryGetByte(char character, out byte value)
    {
        var found = character < ToByte.Length ? ToByte[character] : (short)-1;
        value = (byte)found;
        return found >= 0;
    }

    private static char[] BuildAlphabet()
    {
        var alphabet = new char[256];
        var invisible = 0;
        for (var value = 0; value < 256; value++)
        {
            var visible = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            alphabet[value] = (char)(visible ? value : 256 + invisible++);
        }

        return alphabet;
    }

    private static short[] Invert(char[] alphabet)
    {
        var bytes = new short[alphabet.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < alphabet.Length; value++) bytes[alphabet[value]] = (short)value;
        return bytes;
    }
}
