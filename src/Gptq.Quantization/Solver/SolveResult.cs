namespace Gptq.Quantization.Solver;

/// <summary>A quantized layer and how it came about.</summary>
/// <param name="Linear">Codes, scales and zero points.</param>
/// <param name="Report">Loss, damping, warnings.</param>
public sealed record SolveResult(QuantizedLinear Linear, LayerReport Report);
