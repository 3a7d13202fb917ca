namespace Gptq.Quantization.Solver;

/// <summary>Something about one layer that its result can be used in spite of.</summary>
/// <param name="Code">GPTQ40xx, described in docs/diagnostics.md.</param>
/// <param name="Message">What happened, in a sentence.</param>
public sealed record SolverWarning(string Code, string Message);
