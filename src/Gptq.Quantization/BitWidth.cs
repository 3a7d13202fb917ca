namespace Gptq.Quantization;

/// <summary>How many levels a quantized weight has.</summary>
public enum BitWidth
{
    /// <summary>Three levels: min, 0, max (reference: quant.py, "trits").</summary>
    Ternary = 0,

    /// <summary>4 levels.</summary>
    Two = 2,

    /// <summary>8 levels.</summary>
    Three = 3,

    /// <summary>16 levels.</summary>
    Four = 4,

    /// <summary>256 levels.</summary>
    Eight = 8,
}
