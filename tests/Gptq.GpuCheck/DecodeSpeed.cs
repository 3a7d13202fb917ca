using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Gptq.Benchmarks;
using Gptq.Quantization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Architectures.Graphs;
using Gptq.Quantization.Solver;
using Gptq.Runtime.Configuration;
using Gptq.Runtime.Generation;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.GpuCheck;

/// <summary>Tokens a second of a decoder whose linears have 4 bits, against the same decoder in float16: the median of steps behind a short prompt.</summary>
internal static class DecodeSpeed
{
    public static IEnumerable<Figure> Run(CheckContext context, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("gpu-check-").FullName;
        try
        {
            var architecture = Create(context);
            var four = StepSeconds(context, architecture, Path.Combine(folder, "4bit"), new PerModuleEmitter(
                linear => linear.Layer < 0 ? new HalfFloatEmitter(architecture) : new HalfMatMulNBitsEmitter(Rounded)), cancellation);
            var half = StepSeconds(context, architecture, Path.Combine(folder, "fp16"), new HalfFloatEmitter(architecture), cancellation);
            yield return new Figure("decode-speed", null, new JsonObject
            {
                ["hidden"] = architecture.HiddenSize, ["blocks"] = architecture.LayerCount, ["fourBitMilliseconds"] = Math.Round(four * 1e3, 4),
                ["float16Milliseconds"] = Math.Round(half * 1e3, 4), ["speedup"] = Math.Round(half / four, 3),
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Architecture Create(CheckContext context)
    {
        // The shapes of Llama-2-7B, but for a few of its blocks.
        var (hidden, inner, heads, blocks, vocabulary) = context.IsDryRun ? (128, 256, 4, 2, 256) : (4096, 11008, 32, 8, 32000);
        var config = ModelConfig.Parse(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
            { "model_type": "llama", "hidden_size": {{hidden}}, "intermediate_size": {{inner}}, "num_attention_heads": {{heads}}, "num_key_value_heads": {{heads}},
              "num_hidden_layers": {{blocks}}, "vocab_size": {{vocabulary}}, "max_position_embeddings": 1024, "rms_norm_eps": 1e-5, "rope_theta": 10000.0 }
            """)));
        return Architecture.Create(config, new RandomTensors(Architecture.RequiredTensors(config)));
    }

    // What the codes are makes no difference to the time.
    private static QuantizedLinear Rounded(LinearModule linear)
    {
        const int Group = 128;
        var groups = (linear.InFeatures + Group - 1) / Group;
        var (codes, scales, zeros) = (new byte[linear.OutFeatures * linear.InFeatures], new float[linear.OutFeatures * groups], new float[linear.OutFeatures * groups]);
        for (var i = 0; i < codes.Length; i++) codes[i] = (byte)((i * 7) & 15);
        Array.Fill(scales, 0.002f);
        Array.Fill(zeros, 8);
        return new QuantizedLinear(linear.OutFeatures, linear.InFeatures, BitWidth.Four, Group, codes, scales, zeros);
    }

    private static double StepSeconds(CheckContext context, Architecture architecture, string folder, ILinearEmitter linears, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        DecoderGraph.Write(architecture, folder, linears, new HalfFloatEmitter(architecture), half: true);
        using var options = new SessionOptions { EnableMemoryPattern = false, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        context.Engine.AddProvider(options, context.Gpus[0]);
        using var session = new InferenceSession(Path.Combine(folder, DecoderGraph.ModelFileName), options);
        var signature = new DecoderSignature(
            session,
            new GenaiConfig
            {
                ModelFile = DecoderGraph.ModelFileName, ContextLength = 1024, LayerCount = architecture.LayerCount, KeyValueHeads = architecture.KeyValueHeadCount,
                HeadSize = architecture.HeadDimension, VocabularySize = architecture.VocabularySize,
            },
            folder);
        using var state = new DecoderState(session, signature, context.Engine.Memory(context.Gpus[0]));
        using var run = new RunOptions();
        state.Append([.. Enumerable.Range(1, 32)], run);
        var (warmUp, steps) = context.IsDryRun ? (2, 8) : (16, 128);
        var times = new List<double>();
        for (var step = 0; step < warmUp + steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            state.Append([step % 100], run);
            if (step >= warmUp) times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        times.Sort();
        return times[times.Count / 2];
    }
}
