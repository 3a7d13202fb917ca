using Gptq.Runtime;
using Gptq.Tool.Models;

namespace Gptq.Tool.Reports.Page;

/// <summary>What a report is about.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Model">What its quantization.json says.</param>
/// <param name="Files">The files that ship: name and bytes.</param>
/// <param name="Phases">How long this run took, phase by phase.</param>
/// <param name="FromCache">Whether the result was there already, so that the phases are those of taking it.</param>
/// <param name="Quality">How it predicts the evaluation text; null where none was given.</param>
/// <param name="EvaluationText">The evaluation text's name; null where none was given.</param>
internal sealed record ReportFacts(
    string Name, BundleDescription Model, IReadOnlyList<(string Name, long Bytes)> Files, IReadOnlyList<(string Phase, TimeSpan Time)> Phases, bool FromCache, EvaluationResult? Quality,
    string? EvaluationText);
