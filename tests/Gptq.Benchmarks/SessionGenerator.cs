using System.Diagnostics;
using System.Globalization;
using Gptq.Numerics.Packed;
using Gptq.Runtime.Generation;
using Gptq.Runtime.Operators;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Benchmarks;

/// <summary>A <see cref="RandomLlamaFolder"/> in an ONNX Runtime session of this process.</summary>
internal sealed class SessionGenerator : IGenerator
{
    private readonly RunOptions _options = new();
    private readonly InferenceSession _session;
    private readonly DecoderState _state;
    private readonly long _privateBefore;
    private int _token;

    public SessionGenerator(RandomLlamaFolder model, int threads, ActivationPrecision precision)
    {
        Name = model.Name;
        WeightBytes = model.Bytes;
        _privateBefore = PrivateMemory();
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        // Threads that wait for the next run would take the time of the other contenders'.
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        options.RegisterGptqOperators(precision);
        var start = Stopwatch.GetTimestamp();
        _session = new InferenceSession(Path.Combine(model.Path, model.Config.ModelFile), options);
        LoadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _state = new DecoderState(_session, new DecoderSignature(_session, model.Config, model.Path));
    }

    public string Name { get; }

    public long WeightBytes { get; }

    public double LoadSeconds { get; }

    /// <summary>What the process took for itself since before the session, without the mapped weights.</summary>
    public long PrivateBytes => PrivateMemory() - _privateBefore;

    public double Prefill(int tokens)
    {
        int[] prompt = [.. Enumerable.Range(1, tokens)];
        Append([1]);
        _state.Reset();
        return Measure.Seconds(() => Append(prompt));
    }

    public double Step() => Measure.Seconds(() => Append([_token]));

    public void Dispose()
    {
        _state.Dispose();
        _session.Dispose();
        _options.Dispose();
    }

    private static long PrivateMemory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        if (!OperatingSystem.IsLinux())
            return Process.GetCurrentProcess().PrivateMemorySize64;
        var anonymous = File.ReadLines("/proc/self/smaps_rollup").First(line => line.StartsWith("Anonymous:", StringComparison.Ordinal));
        return 1024 * long.Parse(anonymous.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private void Append(ReadOnlySpan<int> tokens)
    {
        var logits = _state.Append(tokens, _options);
        var last = logits[^(logits.Length / tokens.Length)..];
        _token = 0;
        for (var token = 1; token < last.Length; token++)
            _token = last[token] > last[_token] ? token : _token;
    }
}
