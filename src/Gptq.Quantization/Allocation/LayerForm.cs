using System.Globalization;
using Gptq.Quantization.Options;

namespace Gptq.Quantization.Allocation;

/// <summary>A width that a layer can get.</summary>
/// <param name="Bits">Levels of a code.</param>
/// <param name="GroupSize">Columns that share a scale; -1 for the whole row.</param>
public readonly record struct LayerForm(BitWidth Bits, int GroupSize)
{
    /// <inheritdoc/>
    public override string ToString() => OptionValues.Format(Bits) + (GroupSize == -1 ? "" : string.Create(CultureInfo.InvariantCulture, $"g{GroupSize}"));
}
