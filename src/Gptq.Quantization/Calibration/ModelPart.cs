using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Gptq.Quantization.Calibration;

/// <summary>Takes the input of a stage's linears: what Hessians are made of.</summary>
/// <param name="stage">The stage (<see cref="LinearModule.Stage"/>).</param>
/// <param name="inputs">[tokens, in features] of the stage's linears; valid during the call.</param>
public delegate void TapReceiver(int stage, ReadOnlySpan<float> inputs);

/// <summary>The embedding, one block, or the head, with its parameters in memory as float32.</summary>
public sealed class ModelPart : IDisposable
{
    private readonly Architecture _architecture;
    private readonly PartGraph _graph;
    private readonly Func<byte[], InferenceSession> _sessionFor;
    private readonly Dictionary<string, InferenceSession> _sessions = new(StringComparer.Ordinal);
    private readonly BufferPool _pool;
    private readonly string[] _names;
    private readonly float[][] _buffers;
    private readonly OrtValue[] _values;
    private readonly Dictionary<LinearModule, int> _weights = [];
    private readonly RunOptions _runOptions = new();
    private bool _disposed;

    internal ModelPart(Architecture architecture, PartGraph graph, Func<byte[], InferenceSession> sessionFor, BufferPool pool)
    {
        _architecture = architecture;
        _graph = graph;
        _sessionFor = sessionFor;
        _pool = pool;
        _names = [.. graph.Parameters.Select(parameter => parameter.Input)];
        _buffers = pool.Rent([.. graph.Parameters.Select(parameter => checked((int)parameter.Parameter.ElementCount))]);
        _values = new OrtValue[_buffers.Length];
        for (var index = 0; index < _buffers.Length; index++)
        {
            var parameter = graph.Parameters[index].Parameter;
            architecture.ReadParameter(parameter, _buffers[index]);
            _values[index] = Value(_buffers[index].AsMemory(), [.. parameter.Shape.Select(extent => (long)extent)]);
        }

        foreach (var linear in graph.Linears)
        {
            var name = architecture.WeightParameter(linear).Name;
            _weights[linear] = graph.Parameters.Select(parameter => parameter.Parameter.Name).ToList().IndexOf(name);
        }
    }

    /// <summary>The part's linears, in the order they run.</summary>
    public IReadOnlyList<LinearModule> Linears => _graph.Linears;

    /// <summary>The length of a stage's input vectors.</summary>
    public int StageFeatures(int stage) => _graph.StageFeatures[stage];

    /// <summary>The last extent of the output: the hidden size, or for the head the vocabulary.</summary>
    public int OutputFeatures => _graph.Features;

    internal PartGraph Graph => _graph;

    /// <summary>All parameters as the next run uses them, by the names of the graph's inputs.</summary>
    internal IEnumerable<(string Input, long[] Shape, Memory<float> Values)> Buffers() => _graph.Parameters.Select(
        (parameter, index) => (parameter.Input, parameter.Parameter.Shape.Select(extent => (long)extent).ToArray(), _buffers[index].AsMemory()));

    /// <summary>A linear's weight, [out, in], as the next run uses it: write the quantized values here.</summary>
    public Memory<float> Weight(LinearModule linear) => _buffers[_weights[linear]];

    /// <summary>Runs the embedding. Only the vectors of tokens that occur are read.</summary>
    /// <param name="batch">The extents.</param>
    /// <param name="ids">Token ids, [count, length].</param>
    /// <param name="output">[count, length, hidden].</param>
    public void RunEmbedding(TokenBatch batch, ReadOnlySpan<long> ids, Memory<float> output)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNotEqual(ids.Length, batch.Tokens);
        var table = _graph.Table ?? throw new InvalidOperationException("This part is not the embedding.");
        var rows = new Dictionary<long, long>();
        var numbered = new long[ids.Length];
        for (var token = 0; token < ids.Length; token++)
        {
            if (!rows.TryGetValue(ids[token], out numbered[token]))
                rows[ids[token]] = numbered[token] = rows.Count;
        }

        var vectors = new float[rows.Count * table.Columns];
        foreach (var (id, row) in rows)
            _architecture.ReadRow(table, checked((int)id), vectors.AsSpan((int)row * table.Columns, table.Columns));
        using var input = Value(numbered.AsMemory(), [batch.Count, batch.Length]);
        using var vectorsValue = Value(vectors.AsMemory(), [rows.Count, table.Columns]);
        RunToOutput(batch, [(PartGraph.Hidden, input), (table.WeightName, vectorsValue)], output);
    }

    /// <summary>Runs a block or the head.</summary>
    /// <param name="batch">The extents.</param>
    /// <param name="hidden">[count, length, hidden]; only read.</param>
    /// <param name="output">[count, length, <see cref="OutputFeatures"/>]; not the memory of <paramref name="hidden"/>.</param>
    public void RunBlock(TokenBatch batch, Memory<float> hidden, Memory<float> output)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var input = Value(hidden, [batch.Count, batch.Length, hidden.Length / batch.Tokens]);
        RunToOutput(batch, [(PartGraph.Hidden, input)], output);
    }

    /// <summary>Runs a block or the head only as far as the inputs of some stages' linears need it.</summary>
    /// <param name="batch">The extents.</param>
    /// <param name="hidden">[count, length, hidden]; only read.</param>
    /// <param name="tap">Gets the inputs, stage by stage, after the run.</param>
    /// <param name="stages">The stages.</param>
    public void RunTaps(TokenBatch batch, Memory<float> hidden, TapReceiver tap, IReadOnlyList<int> stages)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(tap);
        ArgumentNullException.ThrowIfNull(stages);
        using var input = Value(hidden, [batch.Count, batch.Length, hidden.Length / batch.Tokens]);
        var outputs = stages.Select(stage => OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, TensorElementType.Float, [batch.Count, batch.Length, _graph.StageFeatures[stage]])).ToList();
        try
        {
            Run(batch, [(PartGraph.Hidden, input)], [.. stages.Select(PartGraph.Tap)], outputs);
            for (var index = 0; index < stages.Count; index++)
                tap(stages[index], outputs[index].GetTensorDataAsSpan<float>());
        }
        finally
        {
            outputs.ForEach(value => value.Dispose());
        }
    }

    /// <summary>Gives the weights' memory to the next part.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (var value in _values)
            value.Dispose();
        _runOptions.Dispose();
        _pool.Return(_buffers);
    }

    private static OrtValue Value<T>(Memory<T> memory, long[] shape)
        where T : unmanaged => OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape);

    private void RunToOutput(TokenBatch batch, (string Name, OrtValue Value)[] given, Memory<float> output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, checked(batch.Tokens * _graph.Features));
        using var value = Value(output, [batch.Count, batch.Length, _graph.Features]);
        Run(batch, given, [PartGraph.Output], [value]);
    }

    private void Run(TokenBatch batch, (string Name, OrtValue Value)[] given, string[] outputNames, IReadOnlyCollection<OrtValue> outputs)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var mask = Value(batch.Mask().AsMemory(), [batch.Count, batch.Length]);
        using var positions = Value(batch.Positions().AsMemory(), [batch.Count, batch.Length]);
        string[] inputNames = [.. given.Select(input => input.Name), DecoderNames.AttentionMask, DecoderNames.PositionIds, .. _names];
        OrtValue[] inputs = [.. given.Select(input => input.Value), mask, positions, .. _values];
        SessionFor(outputNames).Run(_runOptions, inputNames, inputs, outputNames, outputs);
    }

    private InferenceSession SessionFor(string[] outputs)
    {
        var key = string.Join(' ', outputs);
        if (!_sessions.TryGetValue(key, out var session))
            session = _sessions[key] = _sessionFor(_graph.ModelFor(outputs));
        return session;
    }
}
