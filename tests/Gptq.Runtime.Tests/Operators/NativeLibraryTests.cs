using System.Runtime.Intrinsics.X86;
using Gptq.Quantization;
using Gptq.Runtime.Operators;
using Gptq.Tests;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Tests.Operators;

public sealed class NativeLibraryTests
{
    /// <summary>The library that other languages load gives the very bits of the operators in process.</summary>
    [Theory]
    [InlineData("gptq_operators", true)]
    [InlineData("gptq_operators_avx512", false)]
    public void GivesTheSameBits(string library, bool isForEveryProcessor)
    {
        Assert.SkipUnless(isForEveryProcessor || Avx512BW.IsSupported, "This processor has no AVX-512.");
        var folder = Path.Combine(TestPaths.RepositoryRoot, "artifacts", "publish", "Gptq.Runtime.Native");
        var path = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, library + ".*", SearchOption.AllDirectories).FirstOrDefault(file => Path.GetExtension(file) is ".so" or ".dll" or ".dylib")
            : null;
        Assert.SkipWhen(path is null, "Not built: dotnet publish src/Gptq.Runtime.Native -c Release -r <rid>");
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Three, 200, 128, 64, symmetric: false));
        float[] x = [.. Enumerable.Range(0, 5 * 128).Select(i => MathF.Sin(i))];

        using var native = new SessionOptions();
        native.RegisterCustomOpLibrary(path);
        using var managed = new SessionOptions();
        managed.RegisterGptqOperators();

        Assert.Equal(Run(model, managed, x), Run(model, native, x));
    }

    private static float[] Run(OperatorModel model, SessionOptions options, float[] x)
    {
        using var session = new InferenceSession(model.File, options);
        using var input = OrtValue.CreateTensorValueFromMemory(x, [1, x.Length / 128, 128]);
        using var run = new RunOptions();
        using var results = session.Run(run, new Dictionary<string, OrtValue> { ["x"] = input }, ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
