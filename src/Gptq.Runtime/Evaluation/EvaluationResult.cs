namespace Gptq.Runtime;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Perplexity">exp of the mean negative log likelihood per predicted token.</param>
/// <param name="Windows">How many windows the text had; what did not fill one is left out.</param>
/// <param name="PredictedTokens">How many tokens were predicted: one less than its length in each window.</param>
public sealed record EvaluationResult(double Perplexity, int Windows, long PredictedTokens)
{
    /// <summary>The reference model's perplexity on the same windows; null without a reference.</summary>
    public double? ReferencePerplexity { get; init; }

    /// <summary>The mean Kullback-Leibler divergence of this model's distribution from the reference model's, in nats; null without a reference.</summary>
    public double? KlDivergence { get; init; }

    /// <summary>The share of positions where both models find the same token likeliest, from 0 to 1; null without a reference.</summary>
    public double? Top1Agreement { get; init; }
}
