using Gptq.Onnx;

namespace Gptq.Quantization.Architectures.Emitters;

/// <summary>Picks what each linear becomes.</summary>
/// <param name="choose">Gives the emitter for a linear.</param>
public sealed class PerModuleEmitter(Func<LinearModule, ILinearEmitter> choose) : ILinearEmitter
{
    /// <inheritdoc/>
    public string Emit(GraphBuilder graph, LinearModule linear, string input, string? bias) =>
        choose(linear).Emit(graph, linear, input, bias);
}
