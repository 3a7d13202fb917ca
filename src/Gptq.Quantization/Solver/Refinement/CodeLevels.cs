using System.Numerics;

namespace Gptq.Quantization.Solver.Refinement;

/// <summary>What the codes of a layer stand for, a vector of rows at a time.</summary>
/// <param name="bits">Levels of a code.</param>
internal readonly struct CodeLevels(BitWidth bits)
{
    private readonly Vector<float> _maxCode = new((1 << (int)bits) - 1);

    /// <summary>Whether a group has two levels of its own beside 0 (see <see cref="QuantizedLinear"/>).</summary>
    public bool IsTernary { get; } = bits == BitWidth.Ternary;

    /// <summary>The value of a code.</summary>
    public Vector<float> Value(Vector<float> code, Vector<float> scale, Vector<float> zero) => IsTernary
        ? Vector.ConditionalSelect(Vector.GreaterThan(code, Vector<float>.One), scale, Vector.ConditionalSelect(Vector.LessThan(code, Vector<float>.One), zero, Vector<float>.Zero))
        : scale * (code - zero);

    /// <summary>The code whose value is nearest to a target. One that is no nearer than the current one is not taken, so that a descent comes to an end.</summary>
    public (Vector<float> Code, Vector<float> Value) Nearest(
        Vector<float> target, Vector<float> code, Vector<float> value, Vector<float> scale, Vector<float> zero)
    {
        if (!IsTernary)
            return Nearer(target, code, value, Vector.Min(Vector.Max(Vector.Round((target / scale) + zero, MidpointRounding.ToEven), Vector<float>.Zero), _maxCode), scale, zero);
        for (var other = 0; other <= 2; other++) (code, value) = Nearer(target, code, value, new Vector<float>(other), scale, zero);
        return (code, value);
    }

    private (Vector<float> Code, Vector<float> Value) Nearer(
        Vector<float> target, Vector<float> code, Vector<float> value, Vector<float> other, Vector<float> scale, Vector<float> zero)
    {
        var otherValue = Value(other, scale, zero);
        var nearer = Vector.LessThan(Vector.Abs(otherValue - target), Vector.Abs(value - target));
        return (Vector.ConditionalSelect(nearer, other, code), Vector.ConditionalSelect(nearer, otherValue, value));
    }
}
