using System.Buffers.Binary;

namespace Gptq.Quantization.Tests.Checkpoints.Support;

/// <summary>Damages files as accidents and attackers do. The same seed gives the same damage.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> originals, IReadOnlyList<byte[]> words)
{
    private static readonly long[] Numbers =
        [0, 1, -1, 2, 7, 8, 127, 128, 255, 256, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue];

    private readonly Random _random = new(seed);

    /// <summary>One of the originals with one to four damages.</summary>
    public byte[] Next()
    {
        var bytes = new List<byte>(Pick(originals));
        for (var i = _random.Next(1, 5); i > 0; i--)
        {
            Damage(bytes);
        }

        return [.. bytes];
    }

    private void Damage(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        var length = Math.Min(_random.Next(1, 40), bytes.Count - at);
        switch (_random.Next(8))
        {
            case 0 when length > 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when length > 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(_random.Next(bytes.Count - length + 1), length));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.InsertRange(at, Pick(words));
                break;
            case 6:
                Overwrite(bytes, at, Pick(words));
                break;
            default:
                var number = new byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, Pick(Numbers));
                Overwrite(bytes, at, number[..Pick([2, 4, 8])]);
                break;
        }
    }

    private T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    private static void Overwrite(List<byte> bytes, int at, byte[] with)
    {
        for (var i = 0; i < with.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = with[i];
        }
    }
}
