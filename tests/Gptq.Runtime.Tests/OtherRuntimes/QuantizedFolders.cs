using Gptq.Quantization;
using Gptq.Quantization.Options;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;
using Gptq.Runtime.Tests.OtherRuntimes;
using Gptq.Tests;

[assembly: AssemblyFixture(typeof(QuantizedFolders))]

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>The sample model as the build ships it, with each set of operators, quantized once for all tests.</summary>
public sealed class QuantizedFolders : IAsyncLifetime
{
    /// <summary>Tokens that other runtimes are compared on.</summary>
    public const int TokenCount = 32;

    /// <summary>What they continue.</summary>
    public const string Prompt = "KING RICHARD:\nNow is the winter of";

    private readonly string _root = Directory.CreateTempSubdirectory("gptq-folders-").FullName;

    /// <summary>The folder of a model.</summary>
    /// <param name="operators">onnxruntime, gptq or portable.</param>
    /// <param name="bits">3 or 4; 3 for gptq alone.</param>
    public string Folder(string operators, int bits) => Path.Combine(_root, operators + bits);

    /// <summary>Ids of a prompt, and those that Gptq.Runtime continues it with.</summary>
    public static (int[] Prompt, int[] Continuation) Greedy(string folder)
    {
        using var model = QuantizedModel.Open(folder);
        var prompt = model.Tokenize(Prompt);
        return (prompt, [.. model.GenerateIds(prompt, new GenerationOptions { MaxNewTokens = TokenCount, IgnoreEnd = true })]);
    }

    public async ValueTask InitializeAsync()
    {
        foreach (var (operators, bits) in new[] { (OperatorSet.OnnxRuntime, 4), (OperatorSet.Portable, 4), (OperatorSet.Gptq, 4), (OperatorSet.Gptq, 3) })
        {
            await QuantizationPipeline.RunAsync(
                new QuantizationRequest
                {
                    Model = TestPaths.BardOpt,
                    ProjectDirectory = _root,
                    OutputDirectory = Folder(OptionValues.Format(operators), bits),
                    Name = "bard",
                    Options = new QuantizationOptions { Bits = (BitWidth)bits, Operators = operators, Method = SolverMethod.Rtn, CalibrationSamples = 1, SequenceLength = 32 },
                    CacheDirectory = Path.Combine(_root, "cache"),
                    Download = false,
                },
                new Progress<PipelineProgress>(),
                CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }
}
