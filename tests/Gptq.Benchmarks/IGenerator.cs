namespace Gptq.Benchmarks;

/// <summary>Something that generates text with a model, token by token.</summary>
internal interface IGenerator : IDisposable
{
    string Name { get; }

    /// <summary>Bytes of the model's files.</summary>
    long WeightBytes { get; }

    /// <summary>Seconds to load the model.</summary>
    double LoadSeconds { get; }

    /// <summary>Starts over with a prompt of so many tokens; gives the seconds to the first token.</summary>
    double Prefill(int tokens);

    /// <summary>Generates a token; gives its seconds.</summary>
    double Step();
}
