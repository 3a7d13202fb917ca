using System.Globalization;
using Gptq.Quantization;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Pipeline;
using Gptq.Runtime;
using Gptq.Tool.Models;
using Gptq.Tool.Progress;

namespace Gptq.Tool;

/// <summary>Compares a bundle with its float model on a text, both through the graphs that apps run, and refuses it where it is too far off.</summary>
internal sealed class QualityGate
{
    private readonly string _data;
    private readonly double? _maxIncrease;
    private readonly double? _maxDivergence;

    private QualityGate(string data, double? maxIncrease, double? maxDivergence)
    {
        _data = data;
        _maxIncrease = maxIncrease;
        _maxDivergence = maxDivergence;
    }

    /// <summary>What was measured, in a line; null before.</summary>
    public string? Measured { get; private set; }

    /// <summary>What was measured; null before.</summary>
    public EvaluationResult? Result { get; private set; }

    /// <summary>The text that is measured on.</summary>
    public string TextName => Path.GetFileName(Path.TrimEndingDirectorySeparator(_data));

    /// <summary>The gate that options ask for; null for none.</summary>
    /// <exception cref="GptqException">GPTQ7003: a limit without a text.</exception>
    public static QualityGate? Create(string? data, string projectDirectory, double? maxIncrease, double? maxDivergence)
    {
        if (data is not null) return new QualityGate(Path.GetFullPath(data, projectDirectory), maxIncrease, maxDivergence);
        return maxIncrease is null && maxDivergence is null
            ? null
            : throw new GptqException("GPTQ7003", "MaxPerplexityIncrease and MaxKlDivergence need a text to measure on. Name one in EvaluationData, apart from the calibration text.");
    }

    /// <summary>Measures, and lets the bundle pass or not.</summary>
    /// <exception cref="GptqException">GPTQ7001, GPTQ7002: over a limit. GPTQ7004: the text can't be measured on.</exception>
    public void Check(ModelSource source, string bundle, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        var text = string.Join("\n\n", CalibrationCorpus.Read(_data).Documents);
        // Beside the bundle: a float model can be larger than the system's temporary folder.
        var exact = bundle + ".float-" + Guid.NewGuid().ToString("N");
        try
        {
            FloatBundle.Write(source, exact, cancellation);
            using var reference = QuantizedModel.Open(exact);
            // A checkpoint in AutoGPTQ's layout has no graph of its own: it is measured through one with the weights that its codes mean.
            using var model = OpenedModel.Open(ModelFolder.At(bundle), new QuantizedModelOptions(), cancellation);
            var actual = model.Model.Evaluate(text, reference: reference, progress: new EvaluationSteps(progress), cancellationToken: cancellation);
            var expected = actual.ReferencePerplexity!.Value;
            Result = actual;
            Measured = string.Create(
                CultureInfo.InvariantCulture,
                $"gptq: perplexity {actual.Perplexity:0.000} (float {expected:0.000}), KL divergence {actual.KlDivergence:0.0000}, same top token {actual.Top1Agreement:0.0%}");
            if (actual.Perplexity - expected > _maxIncrease) throw TooFar("GPTQ7001", "MaxPerplexityIncrease", _maxIncrease.Value);
            if (actual.KlDivergence > _maxDivergence) throw TooFar("GPTQ7002", "MaxKlDivergence", _maxDivergence.Value);
        }
        catch (QuantizedModelException exception)
        {
            throw new GptqException("GPTQ7004", $"The result can't be measured on the EvaluationData: {exception.Message}", _data, exception);
        }
        finally
        {
            if (Directory.Exists(exact)) Directory.Delete(exact, recursive: true);
        }
    }

    private GptqException TooFar(string code, string limit, double value) => new(
        code, string.Create(CultureInfo.InvariantCulture, $"The result is farther from the float model than {limit}={value} allows: {Measured![6..]}. Use more bits, smaller groups or more calibration, or raise the limit."), _data);
}
