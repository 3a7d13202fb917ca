using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>What a table of token vectors becomes in a graph.</summary>
public interface IEmbeddingEmitter
{
    /// <summary>Adds the nodes that pick the vectors of tokens.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="table">The table.</param>
    /// <param name="ids">Token ids, [batch, sequence], int64.</param>
    /// <returns>The vectors, [batch, sequence, columns], float.</returns>
    string Emit(GraphBuilder graph, EmbeddingModule table, string ids);
}
