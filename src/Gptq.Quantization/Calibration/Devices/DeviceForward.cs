using System.Globalization;
using System.Runtime.ExceptionServices;
using Gptq.Onnx;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Calibration.Devices;

/// <summary>
/// Runs blocks over the calibration's hidden states on GPUs. Hidden states stay on the device from block to block, and so do the Gram
/// matrices, which the graph itself computes and adds up in float32; only their sums come back. Several GPUs share the sequences.
/// </summary>
/// <remarks>
/// Where memory is short, hidden states go back to the processor's memory between runs; then fewer sequences run at once; then the caller
/// has to run the part on the processor.
/// </remarks>
internal sealed class DeviceForward : IDisposable
{
    private const long MostBytesOfAPiece = 1L << 28;
    private readonly CalibrationActivations _activations;
    private readonly DeviceLane[] _lanes;
    private readonly OrtValue?[] _onDevice;
    private readonly SortedSet<string> _onProcessor = new(StringComparer.Ordinal);
    private readonly int _allSequences;
    private int _sequencesPerRun;
    private bool _keepsOnDevice;
    private string _fullDevice = "";

    /// <summary>Prepares.</summary>
    /// <param name="lanes">A lane for each GPU to use; taken over.</param>
    /// <param name="activations">The hidden states; what they hold is not current while states are on a device.</param>
    public DeviceForward(IReadOnlyList<DeviceLane> lanes, CalibrationActivations activations)
    {
        _activations = activations;
        _lanes = [.. lanes];
        _onDevice = new OrtValue?[activations.BatchCount];
        _allSequences = _sequencesPerRun = activations.Shape.Count;
        // Input and output of a block beside each other; most of the memory is for the solver.
        var share = 2L * sizeof(float) * activations.Sequences * activations.Shape.Length * activations.Hidden / lanes.Count;
        _keepsOnDevice = share <= lanes.Min(lane => lane.Gpu.FreeBytes) / 4;
    }

    /// <summary>What a person should know of the runs so far.</summary>
    public IReadOnlyList<GptqWarning> Warnings()
    {
        var warnings = new List<GptqWarning>();
        if (_sequencesPerRun < _allSequences)
        {
            warnings.Add(new GptqWarning("GPTQ6106", string.Create(CultureInfo.InvariantCulture,
                $"{_fullDevice} has too little free memory for {_allSequences} calibration sequences at once; {_sequencesPerRun} ran together, which takes longer. Close what else uses the GPU.")));
        }
        if (_onProcessor.Count > 0)
        {
            warnings.Add(new GptqWarning("GPTQ6107", string.Create(CultureInfo.InvariantCulture,
                $"{_fullDevice} has too little free memory to run {_onProcessor.First()}{(_onProcessor.Count > 1 ? $" and {_onProcessor.Count - 1} other blocks" : "")}; the processor did, which takes longer. Close what else uses the GPU, or use a larger one.")));
        }
        return warnings;
    }

    /// <summary>Sums the Gram matrices of stages' inputs over all sequences.</summary>
    /// <param name="part">A block or the head.</param>
    /// <param name="hessians">By stage; empty ones, which get the sums.</param>
    /// <param name="names">A layer of each stage, for messages.</param>
    /// <param name="cancellation">Stops between runs.</param>
    /// <returns>False when no GPU has the memory: nothing was summed, and the hidden states are back in the processor's memory.</returns>
    /// <exception cref="GptqException">GPTQ4002: an input is not a finite number.</exception>
    public bool TryCollect(
        ModelPart part, IReadOnlyDictionary<int, HessianAccumulator> hessians, IReadOnlyDictionary<int, string> names, CancellationToken cancellation)
    {
        int[] stages = [.. hessians.Keys.Order()];
        var sums = TryOnDevice(part, [.. stages.Select(PartGraph.GramSum)], run => Collect(run, part, stages, cancellation));
        if (sums is null) return false;
        foreach (var ofLane in sums)
        {
            foreach (var (stage, sum) in ofLane)
            {
                using (sum) hessians[stage].Merge(sum);
                if (!hessians[stage].IsFinite())
                    throw new GptqException("GPTQ4002", $"The input of {names[stage]} is not a finite number in some calibration sample. The checkpoint may be damaged, or its activations overflow float16 on this device; check that the float model gives sensible text, or use Device=cpu.");
            }
        }
        return true;
    }

    /// <summary>Replaces the hidden states by a part's outputs.</summary>
    /// <param name="part">A block.</param>
    /// <param name="cancellation">Stops between runs.</param>
    /// <returns>False when no GPU has the memory: the hidden states are as before, in the processor's memory.</returns>
    public bool TryAdvance(ModelPart part, CancellationToken cancellation)
    {
        var outputs = TryOnDevice(part, [PartGraph.Output], run => Advance(run, part, cancellation));
        if (outputs is null) return false;
        foreach (var ofLane in outputs)
        {
            foreach (var (index, onDevice, inMemory) in ofLane)
            {
                _onDevice[index]?.Dispose();
                _onDevice[index] = onDevice;
                if (inMemory is not null) _activations.Replace(index, inMemory);
            }
        }
        return true;
    }

    /// <summary>Brings all hidden states back to the processor's memory.</summary>
    public void Settle()
    {
        for (var index = 0; index < _onDevice.Length; index++)
        {
            if (_onDevice[index] is not { } value) continue;
            LaneOf(index).Download(value, 3, _activations[index]);
            value.Dispose();
            _onDevice[index] = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var value in _onDevice) value?.Dispose();
        foreach (var lane in _lanes) lane.Dispose();
    }

    private DeviceLane LaneOf(int batch) => _lanes[batch % _lanes.Length];

    /// <summary>Runs something on every GPU at once, with less and less memory; null when that was not enough.</summary>
    private List<T>? TryOnDevice<T>(ModelPart part, string[] outputs, Func<DevicePart, T> run)
    {
        var graph = part.Graph.In(PartForm.Device);
        while (true)
        {
            try
            {
                return OnAllLanes(lane =>
                {
                    using var opened = new DevicePart(lane, part, graph, outputs);
                    return run(opened);
                });
            }
            catch (DeviceOutOfMemoryException exception)
            {
                _fullDevice = exception.Device;
                if (Relieve()) continue;
                _onProcessor.Add(part.Linears[0].Name);
                return null;
            }
        }
    }

    private bool Relieve()
    {
        if (_keepsOnDevice)
        {
            Settle();
            _keepsOnDevice = false;
            return true;
        }
        if (_sequencesPerRun == 1) return false;
        _sequencesPerRun /= 2;
        return true;
    }

    private List<T> OnAllLanes<T>(Func<DeviceLane, T> run)
    {
        var tasks = _lanes.Select(lane => Task.Run(() => run(lane))).ToArray();
        try
        {
            Task.WaitAll(tasks);
        }
        catch (AggregateException)
        {
            // All have ended; the first failure speaks for the others.
            ExceptionDispatchInfo.Throw(tasks.First(task => !task.IsCompletedSuccessfully).Exception?.InnerException ?? new OperationCanceledException());
        }
        return [.. tasks.Select(task => task.Result)];
    }

    private Dictionary<int, HessianAccumulator> Collect(DevicePart part, ModelPart source, int[] stages, CancellationToken cancellation)
    {
        var grams = new OrtValue?[stages.Length];
        try
        {
            for (var i = 0; i < stages.Length; i++) grams[i] = part.Lane.Zeros(source.StageFeatures(stages[i]));
            var (tokens, sequences) = (0L, 0L);
            foreach (var run in Runs(part.Lane))
            {
                cancellation.ThrowIfCancellationRequested();
                using var hidden = Hold(part.Lane, run);
                var sums = part.Run(run.Batch, hidden.Value, stages.Select((stage, i) => KeyValuePair.Create(PartGraph.Gram(stage), grams[i]!)), run.IsLast);
                for (var i = 0; i < stages.Length; i++)
                {
                    grams[i]!.Dispose();
                    grams[i] = sums[i];
                }
                tokens += run.Batch.Tokens;
                sequences += run.Batch.Count;
            }
            return stages.Zip(grams).ToDictionary(
                pair => pair.First, pair => Download(part.Lane, pair.Second!, source.StageFeatures(pair.First), tokens, sequences));
        }
        finally
        {
            foreach (var gram in grams) gram?.Dispose();
        }
    }

    private List<Output> Advance(DevicePart part, ModelPart source, CancellationToken cancellation)
    {
        var outputs = new List<Output>();
        try
        {
            foreach (var run in Runs(part.Lane))
            {
                cancellation.ThrowIfCancellationRequested();
                using var hidden = Hold(part.Lane, run);
                var value = part.Run(run.Batch, hidden.Value, [], run.IsLast)[0];
                if (_keepsOnDevice)
                {
                    outputs.Add(new Output(run.Index, value, null));
                    continue;
                }
                using (value)
                {
                    if (run.First == 0) outputs.Add(new Output(run.Index, null, new float[_activations.BatchShape(run.Index).Tokens * source.OutputFeatures]));
                    part.Lane.Download(
                        value, 3, outputs[^1].InMemory.AsSpan(run.First * run.Batch.Length * source.OutputFeatures, run.Batch.Tokens * source.OutputFeatures));
                }
            }
            return outputs;
        }
        catch
        {
            foreach (var output in outputs) output.OnDevice?.Dispose();
            throw;
        }
    }

    /// <summary>A lane's share of the sequences, as many at once as fit.</summary>
    private IEnumerable<SequenceRun> Runs(DeviceLane lane)
    {
        for (var index = Array.IndexOf(_lanes, lane); index < _activations.BatchCount; index += _lanes.Length)
        {
            var whole = _activations.BatchShape(index);
            var step = _onDevice[index] is null ? _sequencesPerRun : whole.Count;
            for (var first = 0; first < whole.Count; first += step)
            {
                var isLast = index + _lanes.Length >= _activations.BatchCount && first + step >= whole.Count;
                yield return new SequenceRun(index, first, whole with { Count = Math.Min(step, whole.Count - first) }, isLast);
            }
        }
    }

    private Held Hold(DeviceLane lane, SequenceRun run)
    {
        if (_onDevice[run.Index] is { } value) return new Held(value, Owned: false);
        var hidden = _activations[run.Index].AsMemory(run.First * run.Batch.Length * _activations.Hidden, run.Batch.Tokens * _activations.Hidden);
        return new Held(lane.Upload(hidden, [run.Batch.Count, run.Batch.Length, _activations.Hidden], ElementType.Float), Owned: true);
    }

    private static HessianAccumulator Download(DeviceLane lane, OrtValue gram, int size, long tokens, long sequences)
    {
        var hessian = new HessianAccumulator(size);
        var step = Math.Max(1, MostBytesOfAPiece / (size * sizeof(float)));
        for (long from = 0; from < size; from += step)
        {
            using var rows = lane.DownloadRows(gram, from, Math.Min(size, from + step));
            hessian.SetRows((int)from, rows.GetTensorDataAsSpan<float>());
        }
        hessian.Count(tokens, sequences);
        return hessian;
    }

    /// <summary>Sequences that run together: a batch, the first sequence in it, their extents; the last of a lane gives spare memory back.</summary>
    private sealed record SequenceRun(int Index, int First, TokenBatch Batch, bool IsLast);

    private sealed record Output(int Index, OrtValue? OnDevice, float[]? InMemory);

    private sealed record Held(OrtValue Value, bool Owned) : IDisposable
    {
        public void Dispose()
        {
            if (Owned) Value.Dispose();
        }
    }
}
