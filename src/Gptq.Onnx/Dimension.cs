using System.Globalization;

namespace Gptq.Onnx;

/// <summary>An extent of a graph input or output: a number, or a name for what is known only when the graph runs.</summary>
public readonly struct Dimension : IEquatable<Dimension>
{
    private Dimension(long value, string? name)
    {
        Value = value;
        Name = name;
    }

    /// <summary>The number, where <see cref="Name"/> is null.</summary>
    public long Value { get; }

    /// <summary>The name that stands for the same number wherever it occurs in the graph, or null.</summary>
    public string? Name { get; }

    /// <summary>A fixed extent.</summary>
    public static implicit operator Dimension(long value) => FromInt64(value);

    /// <summary>An extent known when the graph runs.</summary>
    public static implicit operator Dimension(string name) => FromString(name);

    /// <summary>A fixed extent.</summary>
    public static Dimension FromInt64(long value) => new(value, null);

    /// <summary>An extent known when the graph runs.</summary>
    public static Dimension FromString(string name) => new(0, name);

    /// <summary>Compares two extents.</summary>
    public static bool operator ==(Dimension left, Dimension right) => left.Equals(right);

    /// <summary>Compares two extents.</summary>
    public static bool operator !=(Dimension left, Dimension right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(Dimension other) => Value == other.Value && Name == other.Name;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Dimension other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Value, Name);

    /// <inheritdoc/>
    public override string ToString() => Name ?? Value.ToString(CultureInfo.InvariantCulture);
}
