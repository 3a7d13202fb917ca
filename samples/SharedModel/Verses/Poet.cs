using Gptq.Runtime;

namespace Verses;

/// <summary>Writes verses with the model that this library was built with.</summary>
public sealed class Poet : IDisposable
{
    private readonly QuantizedModel _model = QuantizedModels.BardOpt.Open();

    /// <summary>Goes on with a line until the next line ends; the same seed gives the same verse.</summary>
    public string Continue(string line, int seed = 0)
    {
        var options = new GenerationOptions { MaxNewTokens = 40, Temperature = 0.8f, TopP = 0.9f, Seed = seed, StopStrings = ["\n"] };
        return line + string.Concat(_model.Generate(line, options));
    }

    /// <summary>How surprised the model is by a text: its perplexity. Text of its own manner is lower.</summary>
    public double SurpriseAt(string text) => _model.Evaluate(text, window: 16).Perplexity;

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
