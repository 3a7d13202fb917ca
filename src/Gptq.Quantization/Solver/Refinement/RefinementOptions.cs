namespace Gptq.Quantization.Solver.Refinement;

/// <summary>How far codes and scales are refined after GPTQ.</summary>
/// <param name="Sweeps">Passes over all columns; 0 leaves the codes as they are.</param>
/// <param name="RefineScales">Also move each group's scale to its closed-form optimum between the passes.</param>
/// <param name="HalfPrecisionScales">Scales are stored as float16: each one used is one that float16 holds.</param>
public sealed record RefinementOptions(int Sweeps, bool RefineScales, bool HalfPrecisionScales);
