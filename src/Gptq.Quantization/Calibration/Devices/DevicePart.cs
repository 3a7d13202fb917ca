using Gptq.Quantization.Architectures.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Calibration.Devices;

/// <summary>A part of a model on a device: the graph of some outputs, and the parameters that it needs, as they are when it is opened.</summary>
internal sealed class DevicePart : IDisposable
{
    private readonly byte[] _model;
    private readonly IReadOnlySet<string> _inputs;
    private readonly string[] _outputs;
    private readonly Dictionary<string, OrtValue> _parameters = new(StringComparer.Ordinal);

    /// <summary>Copies the parameters to the device, in the types that the graph wants them in.</summary>
    public DevicePart(DeviceLane lane, ModelPart part, PartGraph graph, string[] outputs)
    {
        (Lane, _outputs) = (lane, outputs);
        (_model, _inputs) = graph.Needed(outputs);
        try
        {
            foreach (var (input, shape, values) in part.Buffers().Where(parameter => _inputs.Contains(parameter.Input)))
                _parameters[input] = lane.Upload(values, shape, graph.TypeOf(input));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public DeviceLane Lane { get; }

    /// <summary>Runs the part; its outputs stay on the device.</summary>
    /// <param name="batch">The extents.</param>
    /// <param name="hidden">[count, length, hidden].</param>
    /// <param name="others">Inputs of the graph's form.</param>
    /// <param name="releases">Whether memory that is not used any more is given back afterwards.</param>
    public OrtValue[] Run(TokenBatch batch, OrtValue hidden, IEnumerable<KeyValuePair<string, OrtValue>> others, bool releases)
    {
        using var mask = OrtValue.CreateTensorValueFromMemory(batch.Mask(), [batch.Count, batch.Length]);
        using var positions = OrtValue.CreateTensorValueFromMemory(batch.Positions(), [batch.Count, batch.Length]);
        KeyValuePair<string, OrtValue>[] own = [new(PartGraph.Hidden, hidden), new(DecoderNames.AttentionMask, mask), new(DecoderNames.PositionIds, positions)];
        return Lane.Run(_model, [.. own.Concat(others).Where(input => _inputs.Contains(input.Key)), .. _parameters], _outputs, releases);
    }

    public void Dispose()
    {
        foreach (var value in _parameters.Values) value.Dispose();
        _parameters.Clear();
    }
}
