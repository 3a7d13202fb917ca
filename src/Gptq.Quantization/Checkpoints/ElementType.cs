using System.Runtime.InteropServices;

namespace Gptq.Quantization.Checkpoints;

/// <summary>A type that tensors are stored in.</summary>
/// <param name="Name">In safetensors' spelling.</param>
/// <param name="Size">Bytes of an element.</param>
internal readonly record struct ElementType(string Name, int Size)
{
    public static readonly ElementType F64 = new("F64", 8);
    public static readonly ElementType F32 = new("F32", 4);
    public static readonly ElementType F16 = new("F16", 2);
    public static readonly ElementType BF16 = new("BF16", 2);
    public static readonly ElementType I64 = new("I64", 8);
    public static readonly ElementType I32 = new("I32", 4);
    public static readonly ElementType I16 = new("I16", 2);
    public static readonly ElementType I8 = new("I8", 1);
    public static readonly ElementType U64 = new("U64", 8);
    public static readonly ElementType U32 = new("U32", 4);
    public static readonly ElementType U16 = new("U16", 2);
    public static readonly ElementType U8 = new("U8", 1);
    public static readonly ElementType Bool = new("BOOL", 1);
    public static readonly ElementType C64 = new("C64", 8);
    public static readonly ElementType Float8E4M3 = new("F8_E4M3", 1);
    public static readonly ElementType Float8E5M2 = new("F8_E5M2", 1);
    public static readonly ElementType Float8E8M0 = new("F8_E8M0", 1);

    private static readonly Dictionary<string, ElementType> ByName = new[]
    {
        F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool, C64, Float8E4M3, Float8E5M2, Float8E8M0,
    }.ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>Whether values of this type are read as float32.</summary>
    public bool IsFloat => this == F32 || this == F16 || this == BF16 || this == F64;

    /// <summary>The type of a name, or null when there is none.</summary>
    public static ElementType? Parse(string name) => ByName.TryGetValue(name, out var type) ? type : null;

    /// <summary>Whether a stored element is bit for bit a <typeparamref name="T"/>.</summary>
    public bool Is<T>()
        where T : unmanaged
        => Name switch
        {
            "F64" => typeof(T) == typeof(double),
            "F32" => typeof(T) == typeof(float),
            "F16" => typeof(T) == typeof(Half),
            "I64" => typeof(T) == typeof(long),
            "I32" => typeof(T) == typeof(int),
            "I16" => typeof(T) == typeof(short),
            "I8" => typeof(T) == typeof(sbyte),
            "U64" => typeof(T) == typeof(ulong),
            "U32" => typeof(T) == typeof(uint),
            "U16" => typeof(T) == typeof(ushort),
            "U8" => typeof(T) == typeof(byte),
            _ => false,
        };

    /// <summary>Converts stored elements to float32.</summary>
    /// <param name="stored">Little-endian elements of this type, <see cref="IsFloat"/>.</param>
    /// <param name="destination">One value an element.</param>
    public void ToFloat32(ReadOnlySpan<byte> stored, Span<float> destination)
    {
        switch (Name)
        {
            case "F32":
                stored.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case "F16":
                FloatConversion.FromFloat16(MemoryMarshal.Cast<byte, ushort>(stored), destination);
                break;
            case "BF16":
                FloatConversion.FromBFloat16(MemoryMarshal.Cast<byte, ushort>(stored), destination);
                break;
            case "F64":
                FloatConversion.FromFloat64(MemoryMarshal.Cast<byte, double>(stored), destination);
                break;
            default:
                throw new InvalidOperationException($"{Name} is no floating-point type.");
        }
    }
}
