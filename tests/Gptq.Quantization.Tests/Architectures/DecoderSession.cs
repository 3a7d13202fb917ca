using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>A decoder written to a temporary folder and run as an app would run it, cache included.</summary>
internal sealed class DecoderSession : IDisposable
{
    private readonly Architecture _architecture;
    private readonly bool _isOwn;
    private readonly InferenceSession _session;
    private readonly List<OrtValue> _past = [];
    private int _pastLength;

    public DecoderSession(Architecture architecture, ILinearEmitter? linears = null, bool portable = false)
        : this(architecture, Written(architecture, linears, portable), isOwn: true)
    {
    }

    private DecoderSession(Architecture architecture, string folder, bool isOwn)
    {
        (_architecture, _isOwn, Folder) = (architecture, isOwn, folder);
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        _session = new InferenceSession(Path.Combine(Folder, DecoderGraph.ModelFileName), options);
    }

    public string Folder { get; }

    /// <summary>A decoder that someone else has written.</summary>
    public static DecoderSession Open(Architecture architecture, string folder) => new(architecture, folder, isOwn: false);

    /// <summary>The likeliest tokens behind a prompt, one after the other.</summary>
    public int[] Continue(IReadOnlyList<int> prompt, int count)
    {
        Reset();
        var logits = Run([.. prompt.Select(id => (long)id)], 1);
        var tokens = new int[count];
        for (var token = 0; token < count; token++)
        {
            var last = logits.AsSpan(logits.Length - _architecture.VocabularySize);
            tokens[token] = Likeliest(last);
            if (token + 1 < count) logits = Run([tokens[token]], 1);
        }
        return tokens;
    }

    /// <summary>Forgets the tokens so far.</summary>
    public void Reset()
    {
        _past.ForEach(value => value.Dispose());
        _past.Clear();
        _pastLength = 0;
    }

    /// <summary>Runs new tokens after those so far and returns their logits, [batch, length, vocabulary].</summary>
    public float[] Run(long[] ids, int batch, long[]? mask = null, long[]? positions = null)
    {
        var length = ids.Length / batch;
        var total = _pastLength + length;
        mask ??= [.. Enumerable.Repeat(1L, batch * total)];
        positions ??= [.. Enumerable.Range(0, batch).SelectMany(_ => Enumerable.Range(_pastLength, length).Select(position => (long)position))];
        var layers = _architecture.LayerCount;
        var names = new List<string> { DecoderNames.InputIds, DecoderNames.AttentionMask };
        var inputs = new List<OrtValue> { Value(ids, batch, length), Value(mask, batch, total) };
        if (_architecture.TakesPositionIds)
        {
            names.Add(DecoderNames.PositionIds);
            inputs.Add(Value(positions, batch, length));
        }

        for (var layer = 0; layer < layers; layer++)
        {
            names.AddRange([DecoderNames.PastKey(layer), DecoderNames.PastValue(layer)]);
            inputs.Add(_past.Count > 0 ? _past[2 * layer] : EmptyCache(batch));
            inputs.Add(_past.Count > 0 ? _past[(2 * layer) + 1] : EmptyCache(batch));
        }

        string[] outputs =
        [
            DecoderNames.Logits,
            .. Enumerable.Range(0, layers).SelectMany(layer => new[] { DecoderNames.PresentKey(layer), DecoderNames.PresentValue(layer) }),
        ];
        using var options = new RunOptions();
        var results = _session.Run(options, names, inputs, outputs).ToArray();
        var logits = results[0].GetTensorDataAsSpan<float>().ToArray();
        results[0].Dispose();
        inputs.ForEach(value => value.Dispose());
        _past.Clear();
        _past.AddRange(results[1..]);
        _pastLength = total;
        return logits;
    }

    public void Dispose()
    {
        Reset();
        _session.Dispose();
        if (_isOwn) Directory.Delete(Folder, recursive: true);
    }

    private static string Written(Architecture architecture, ILinearEmitter? linears, bool portable)
    {
        var folder = Directory.CreateTempSubdirectory("gptq-decoder-").FullName;
        DecoderGraph.Write(architecture, folder, linears, portable: portable);
        return folder;
    }

    private static OrtValue Value(long[] values, int batch, int length) =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values.AsMemory(), [batch, length]);

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++) best = logits[id] > logits[best] ? id : best;
        return best;
    }

    private OrtValue EmptyCache(int batch) => OrtValue.CreateTensorValueFromMemory(
        OrtMemoryInfo.DefaultInstance, Array.Empty<float>().AsMemory(), [batch, _architecture.KeyValueHeadCount, 0, _architecture.HeadDimension]);
}
