using Gptq.Runtime.Generation;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Evaluation;

/// <summary>Perplexity over windows that do not overlap, the tail dropped (GPTQ, section 4: the rule of its language tasks).</summary>
internal sealed class Evaluator(QuantizedModel model, QuantizedModel? reference, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
{
    private double _negativeLogLikelihood;
    private double _referenceNegativeLogLikelihood;
    private double _divergence;
    private long _agreed;
    private long _predicted;

    public EvaluationResult Run(ReadOnlySpan<int> ids, int window)
    {
        var windows = ids.Length / window;
        using var options = new RunOptions();
        using var registration = cancellation.Register(static options => ((RunOptions)options!).Terminate = true, options);
        var state = model.RentState();
        DecoderState? referenceState = null;
        try
        {
            referenceState = reference?.RentState();
            for (var i = 0; i < windows; i++)
            {
                AddWindow(ids.Slice(i * window, window), state, referenceState, options);
                progress?.Report(new EvaluationProgress(i + 1, windows, Math.Exp(_negativeLogLikelihood / _predicted)));
            }
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            model.ReturnState(state);
            if (referenceState is not null) reference!.ReturnState(referenceState);
        }

        var result = new EvaluationResult(Math.Exp(_negativeLogLikelihood / _predicted), windows, _predicted);
        return reference is null
            ? result
            : result with
            {
                ReferencePerplexity = Math.Exp(_referenceNegativeLogLikelihood / _predicted),
                KlDivergence = _divergence / _predicted,
                Top1Agreement = (double)_agreed / _predicted,
            };
    }

    private void AddWindow(ReadOnlySpan<int> ids, DecoderState state, DecoderState? referenceState, RunOptions options)
    {
        state.Reset();
        referenceState?.Reset();
        var chunk = Math.Min(model.PromptChunk, reference?.PromptChunk ?? int.MaxValue);
        // The last token predicts nothing that is in the window.
        for (var start = 0; start < ids.Length - 1; start += chunk)
        {
            cancellation.ThrowIfCancellationRequested();
            var tokens = ids[start..Math.Min(start + chunk, ids.Length - 1)];
            var logits = state.Append(tokens, options);
            var referenceLogits = referenceState is null ? default : referenceState.Append(tokens, options);
            for (var i = 0; i < tokens.Length; i++)
            {
                var row = logits.Slice(i * model.VocabularySize, model.VocabularySize);
                _negativeLogLikelihood -= LogProbability(row, ids[start + i + 1]);
                _predicted++;
                if (referenceState is null) continue;
                var referenceRow = referenceLogits.Slice(i * model.VocabularySize, model.VocabularySize);
                _referenceNegativeLogLikelihood -= LogProbability(referenceRow, ids[start + i + 1]);
                Compare(row, referenceRow);
            }
        }
    }

    private void Compare(ReadOnlySpan<float> logits, ReadOnlySpan<float> referenceLogits)
    {
        if (Sampler.IndexOfLargest(logits) == Sampler.IndexOfLargest(referenceLogits)) _agreed++;
        var (normalizer, referenceNormalizer) = (LogSumExp(logits), LogSumExp(referenceLogits));
        var sum = 0d;
        for (var i = 0; i < logits.Length; i++)
        {
            var logReference = referenceLogits[i] - referenceNormalizer;
            sum += Math.Exp(logReference) * (logReference - (logits[i] - normalizer));
        }

        _divergence += sum;
    }

    private static double LogProbability(ReadOnlySpan<float> logits, int token) => logits[token] - LogSumExp(logits);

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        var largest = logits[Sampler.IndexOfLargest(logits)];
        var sum = 0d;
        foreach (var logit in logits) sum += MathF.Exp(logit - largest);
        return largest + Math.Log(sum);
    }
}
