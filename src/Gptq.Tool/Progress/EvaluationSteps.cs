using System.Globalization;
using Gptq.Quantization.Pipeline;
using Gptq.Runtime;

namespace Gptq.Tool.Progress;

/// <summary>Passes on how far an evaluation is, as a phase like the others.</summary>
internal sealed class EvaluationSteps(IProgress<PipelineProgress> next) : IProgress<EvaluationProgress>
{
    /// <inheritdoc/>
    public void Report(EvaluationProgress value) => next.Report(new PipelineProgress(
        PipelinePhase.Evaluate, value.Windows, value.Of, string.Create(CultureInfo.InvariantCulture, $"perplexity {value.Perplexity:0.00}")));
}
