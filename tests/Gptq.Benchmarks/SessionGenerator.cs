using System.Diagnostics;
using System.Globalization;
using Gptq.Numerics.Packed;
using Gptq.Quantization;
using Gptq.Runtime.Generation;
using Gptq.Runtime.Operators;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Benchmarks;

/// <summary>A <see cref="RandomLlama"/> in an ONNX Runtime session of this process.</summary>
internal sealed class SessionGenerator : IGenerator
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-decode").FullName;
    private readonly RunOptions _options = new();
    private readonly InferenceSession _session;
    private readonly DecoderState _state;
    private readonly long _privateBefore;
    private int _token;

    public SessionGenerator(string name, int layers, int threads, ActivationPrecision precision)
    {
        Name = name;
        var model = new RandomLlama(layers);
        model.Write(_folder, name == "fp32" ? null : (BitWidth)int.Parse(name, CultureInfo.InvariantCulture));
        WeightBytes = Directory.EnumerateFiles(_folder).Sum(file => new FileInfo(file).Length);
        _privateBefore = PrivateMemory();
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        options.RegisterGptqOperators(precision);
        var start = Stopwatch.GetTimestamp();
        _session = new InferenceSession(Path.Combine(_folder, model.Config.ModelFile), options);
        LoadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _state = new DecoderState(_session, new DecoderSignature(_session, model.Config, _folder));
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
        Directory.Delete(_folder, recursive: true);
    }

    private static long PrivateMemory()
    {
        GC.Collect();
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
