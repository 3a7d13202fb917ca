namespace Gptq.Runtime;

/// <summary>How far an evaluation is.</summary>
/// <param name="Windows">Windows that are done.</param>
/// <param name="Of">Windows of the whole text.</param>
/// <param name="Perplexity">The perplexity so far.</param>
public readonly record struct EvaluationProgress(int Windows, int Of, double Perplexity);
