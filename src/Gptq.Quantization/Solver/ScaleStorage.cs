namespace Gptq.Quantization.Solver;

/// <summary>The type in which scales will be stored. They are rounded to it before codes are chosen, so that the codes fit the stored scales.</summary>
public enum ScaleStorage
{
    /// <summary>float32.</summary>
    SinglePrecision,

    /// <summary>float16.</summary>
    HalfPrecision,
}
