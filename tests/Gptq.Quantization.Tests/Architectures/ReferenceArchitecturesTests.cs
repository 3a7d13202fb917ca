using Gptq.Quantization.Architectures;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Checkpoints;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Architectures;

/// <summary>Every checkpoint of the reference folder against the logits that the reference implementation computed for it.</summary>
public sealed class ReferenceArchitecturesTests
{
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Configs()
    {
        var data = new TheoryData<string, string>();
        foreach (var folder in Folders())
        {
            foreach (var file in Directory.GetFiles(folder, "config*.json").Order(StringComparer.Ordinal))
                data.Add(Path.GetFileName(folder), Path.GetFileName(file));
        }

        return data;
    }

    public static TheoryData<string> Fixtures() => [.. Folders().Select(folder => Path.GetFileName(folder))];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Configs))]
    public void Logits_and_hidden_states_equal_the_reference(string fixture, string config)
    {
        using var model = Reference.Open(fixture, config);
        var (hidden, logits) = ModelParts.Run(model.Architecture, model.Batch, model.Ids);

        for (var layer = 0; layer < hidden.Count; layer++)
            model.AssertNear($"hidden_{layer}", hidden[layer], Tolerance);
        model.AssertNear("logits", logits, Tolerance);

        using var decoder = new DecoderSession(model.Architecture);
        model.AssertNear("logits", decoder.Run(model.Ids, model.Batch.Count), Tolerance);
    }

    private static IEnumerable<string> Folders()
    {
        var root = TestPaths.Reference is null ? null : Path.Combine(TestPaths.Reference, "architectures");
        return root is null || !Directory.Exists(root)
            ? []
            : Directory.GetDirectories(root).Where(folder => File.Exists(Path.Combine(folder, "config.json")) && folder.Contains("opt-pre")).Order(StringComparer.Ordinal);
    }

    private sealed class Reference : IDisposable
    {
        private readonly Checkpoint _checkpoint;
        private readonly Checkpoint _expected;

        private Reference(Checkpoint checkpoint, Checkpoint expected, Architecture architecture)
        {
            _checkpoint = checkpoint;
            _expected = expected;
            Architecture = architecture;
            Ids = expected.ReadArray<long>("input_ids");
            var shape = expected.Tensors["input_ids"].Shape;
            Batch = new TokenBatch((int)shape[0], (int)shape[1]);
        }

        public Architecture Architecture { get; }

        public long[] Ids { get; }

        public TokenBatch Batch { get; }

        public static Reference Open(string fixture, string config, string expected = "expected.safetensors")
        {
            var folder = TestPaths.RequireReference("architectures", fixture);
            var checkpoint = Checkpoint.Open(folder);
            var architecture = Architecture.Create(ModelConfig.Load(Path.Combine(folder, config)), checkpoint);
            return new Reference(checkpoint, Checkpoint.Open(Path.Combine(folder, expected)), architecture);
        }

        public void AssertNear(string name, float[] actual, double tolerance)
        {
            var expected = _expected.ReadFloats(name);
            var difference = Difference.Max(actual, expected);
            Assert.True(difference <= tolerance * Difference.Spread(expected), $"{name}: off by {difference}, spread {Difference.Spread(expected)}");
        }

        public void Dispose()
        {
            _checkpoint.Dispose();
            _expected.Dispose();
        }
    }
}
