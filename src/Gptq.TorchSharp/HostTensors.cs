using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Gptq.TorchSharp;

/// <summary>Fills the values of a row.</summary>
/// <param name="row">The row.</param>
/// <param name="destination">As many values as the matrix has columns.</param>
internal delegate void RowReader(long row, Span<float> destination);

/// <summary>Takes the values of some rows.</summary>
/// <param name="first">The first of them.</param>
/// <param name="rows">Whole rows.</param>
internal delegate void RowsReceiver(long first, ReadOnlySpan<byte> rows);

/// <summary>Matrices between memory and a device, a piece at a time: neither side needs them twice, and none is limited to what a span can hold.</summary>
internal static class HostTensors
{
    private const int PieceBytes = 1 << 27;

    /// <summary>A matrix on a device, [rows, columns].</summary>
    public static Tensor Upload(long rows, int columns, ScalarType type, Device device, RowReader read)
    {
        var matrix = empty(rows, columns, dtype: type, device: device);
        using var scope = NewDisposeScope();
        var step = Math.Clamp(PieceBytes / ((long)columns * sizeof(float)), 1, rows);
        using var piece = empty(step, columns, dtype: ScalarType.Float32);
        for (long first = 0; first < rows; first += step)
        {
            var count = Math.Min(step, rows - first);
            var values = MemoryMarshal.Cast<byte, float>(piece.bytes);
            for (var row = 0; row < count; row++) read(first + row, values.Slice(row * columns, columns));
            matrix.narrow(0, first, count).copy_(piece.narrow(0, 0, count));
        }
        return matrix;
    }

    /// <summary>A matrix on a device from memory that holds it as it is, [rows, columns].</summary>
    public static Tensor Upload(ReadOnlyMemory<float> values, int rows, int columns, ScalarType type, Device device) =>
        Upload(rows, columns, type, device, (row, destination) => values.Span.Slice((int)row * columns, columns).CopyTo(destination));

    /// <summary>A matrix of bytes on a device, [rows, columns].</summary>
    public static Tensor Upload(byte[] values, int rows, int columns, Device device)
    {
        using var matrix = empty(rows, columns, dtype: ScalarType.Byte);
        values.CopyTo(matrix.bytes);
        return matrix.to(device).alias();
    }

    /// <summary>A vector on a device.</summary>
    public static Tensor Vector(float[] values, ScalarType type, Device device) => tensor(values, ScalarType.Float32).to(type, device);

    /// <summary>Whole numbers on a device, for picking rows.</summary>
    public static Tensor Index(IEnumerable<int> values, Device device) => tensor(values.Select(value => (long)value).ToArray(), ScalarType.Int64).to(device);

    /// <summary>Hands a matrix over row by row; waits for the device.</summary>
    public static void Download(Tensor matrix, ScalarType type, RowsReceiver receive)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
        var step = Math.Clamp(PieceBytes / (columns * sizeof(float)), 1, rows);
        for (long first = 0; first < rows; first += step)
        {
            using var piece = matrix.narrow(0, first, Math.Min(step, rows - first)).to(type).contiguous().to(CPU);
            receive(first, piece.bytes);
        }
    }

    /// <summary>A matrix in memory, row after row; waits for the device.</summary>
    public static T[] Download<T>(Tensor matrix, ScalarType type)
        where T : unmanaged
    {
        var columns = matrix.shape[1];
        var values = new T[checked(matrix.shape[0] * columns)];
        Download(matrix, type, (first, rows) => MemoryMarshal.Cast<byte, T>(rows).CopyTo(values.AsSpan(checked((int)(first * columns)))));
        return values;
    }
}
