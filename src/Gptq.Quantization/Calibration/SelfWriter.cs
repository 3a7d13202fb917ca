using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Quantization.Calibration;

/// <summary>
/// Lets a float model write its own calibration text, as data-free quantization does (LLM-QAT, arXiv 2305.17888): each sequence starts with the model's BOS, or with
/// a token drawn uniformly where it has none, and goes on with tokens drawn from what the model predicts.
/// </summary>
internal sealed class SelfWriter : IDisposable
{
    // What the keys and values of the sequences that are written together may take.
    private const long CacheBytes = 1L << 30;
    private const int MostTogether = 64;

    private readonly Architecture _architecture;
    private readonly SessionOptions _options;
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly bool[] _special;
    private readonly string[] _pastNames;
    private readonly string[] _outputNames;

    /// <summary>Opens a float decoder.</summary>
    /// <param name="architecture">The model.</param>
    /// <param name="decoder">The folder of its decoder, as <see cref="DecoderGraph"/> writes it.</param>
    /// <param name="threads">Threads; the text does not depend on them.</param>
    public SelfWriter(Architecture architecture, string decoder, int threads)
    {
        _architecture = architecture;
        _options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        _options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(Path.Combine(decoder, DecoderGraph.ModelFileName), _options);
        _special = new bool[architecture.VocabularySize];
        foreach (var id in architecture.EosTokenIds.Append(architecture.BosTokenId ?? -1).Append(architecture.PadTokenId ?? -1).Where(id => id >= 0 && id < _special.Length))
            _special[id] = true;
        var layers = Enumerable.Range(0, architecture.LayerCount).ToList();
        _pastNames = [.. layers.SelectMany(layer => new[] { DecoderNames.PastKey(layer), DecoderNames.PastValue(layer) })];
        _outputNames = [DecoderNames.Logits, .. layers.SelectMany(layer => new[] { DecoderNames.PresentKey(layer), DecoderNames.PresentValue(layer) })];
    }

    /// <summary>Writes.</summary>
    /// <param name="prefix">What every sequence starts with: the BOS where the model has one.</param>
    /// <param name="samples">Sequences.</param>
    /// <param name="length">Tokens of each, the prefix among them.</param>
    /// <param name="seed">The same seed writes the same text.</param>
    /// <param name="report">Told of the tokens that are written so far, of how many.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>[samples][length].</returns>
    public IReadOnlyList<int[]> Write(IReadOnlyList<int> prefix, int samples, int length, int seed, Action<int, int> report, CancellationToken cancellation)
    {
        var perSequence = 2L * sizeof(float) * length * _architecture.LayerCount * _architecture.KeyValueHeadCount * _architecture.HeadDimension;
        var together = (int)Math.Clamp(CacheBytes / perSequence, 1, MostTogether);
        var sequences = new List<int[]>(samples);
        while (sequences.Count < samples)
        {
            var first = sequences.Count;
            var batch = Start(prefix, Math.Min(together, samples - first), first, length, seed);
            Continue(batch, Math.Max(1, prefix.Count), token => report((first * length) + (batch.Length * token), samples * length), cancellation);
            sequences.AddRange(batch.Select(sequence => sequence.Ids));
        }
        return sequences;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
        _options.Dispose();
    }

    private Sequence[] Start(IReadOnlyList<int> prefix, int count, int first, int length, int seed)
    {
        var batch = new Sequence[count];
        for (var i = 0; i < count; i++)
        {
            // A generator of its own for each, so that the text does not depend on how many are written together.
            var sequence = new Sequence(new int[length], new SplitMix64(((ulong)(uint)seed << 32) | (uint)(first + i)));
            for (var token = 0; token < prefix.Count; token++) sequence.Ids[token] = prefix[token];
            if (prefix.Count == 0) sequence.Ids[0] = sequence.DrawUniformly(_special);
            batch[i] = sequence;
        }
        return batch;
    }

    private void Continue(Sequence[] batch, int known, Action<int> report, CancellationToken cancellation)
    {
        var length = batch[0].Ids.Length;
        var mask = new long[batch.Length * length];
        Array.Fill(mask, 1);
        var probabilities = new double[_architecture.VocabularySize];
        var past = _pastNames.Select(_ => OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, Memory<float>.Empty, [batch.Length, _architecture.KeyValueHeadCount, 0, _architecture.HeadDimension])).ToArray();
        try
        {
            for (var position = 0; position + 1 < length; position++)
            {
                cancellation.ThrowIfCancellationRequested();
                report(position);
                var outputs = Run(batch, position, mask, past);
                foreach (var value in past) value.Dispose();
                past = [.. outputs.Skip(1)];
                using var logits = outputs[0];
                if (position + 1 < known) continue;
                var values = logits.GetTensorDataAsSpan<float>();
                for (var i = 0; i < batch.Length; i++)
                    batch[i].Ids[position + 1] = batch[i].Draw(values.Slice(i * _architecture.VocabularySize, _architecture.VocabularySize), _special, probabilities);
            }
        }
        finally
        {
            foreach (var value in past) value.Dispose();
        }
    }

    private List<OrtValue> Run(Sequence[] batch, int position, long[] mask, OrtValue[] past)
    {
        using var ids = Value(batch.Select(sequence => (long)sequence.Ids[position]).ToArray(), [batch.Length, 1]);
        using var ones = Value(mask.AsMemory(0, batch.Length * (position + 1)), [batch.Length, position + 1]);
        using var positions = Value(Enumerable.Repeat((long)position, batch.Length).ToArray(), [batch.Length, 1]);
        List<string> names = [DecoderNames.InputIds, DecoderNames.AttentionMask];
        List<OrtValue> inputs = [ids, ones];
        if (_architecture.TakesPositionIds)
        {
            names.Add(DecoderNames.PositionIds);
            inputs.Add(positions);
        }
        // What is behind the collection stays: the values are the next token's past.
        return [.. _session.Run(_runOptions, [.. names, .. _pastNames], [.. inputs, .. past], _outputNames)];
    }

    private static OrtValue Value(Memory<long> memory, long[] shape) => OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape);

    /// <summary>A sequence in the making, with its own random numbers.</summary>
    private sealed class Sequence(int[] ids, SplitMix64 random)
    {
        private SplitMix64 _random = random;

        public int[] Ids { get; } = ids;

        /// <summary>Any token but those that begin, end or fill up a text.</summary>
        public int DrawUniformly(bool[] special)
        {
            while (true)
            {
                var token = (int)_random.Next((ulong)special.Length);
                if (!special[token]) return token;
            }
        }

        /// <summary>A token from the softmax of logits.</summary>
        public int Draw(ReadOnlySpan<float> logits, bool[] special, double[] weights)
        {
            var largest = float.NegativeInfinity;
            for (var i = 0; i < logits.Length; i++)
                if (!special[i]) largest = Math.Max(largest, logits[i]);
            double total = 0;
            for (var i = 0; i < logits.Length; i++) total += weights[i] = special[i] ? 0 : Math.Exp(logits[i] - (double)largest);
            var point = (_random.Next() >> 11) * (1.0 / (1UL << 53)) * total;
            var last = 0;
            for (var i = 0; i < logits.Length; i++)
            {
                if (weights[i] <= 0) continue;
                last = i;
                point -= weights[i];
                if (point < 0) break;
            }
            return last;
        }
    }
}
