using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Gptq.Quantization;
using Gptq.Runtime.Operators;
using Gptq.Runtime.Tests.Operators;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>The library that other languages load.</summary>
public sealed class NativeLibraryTests(NativePackage package)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Gives_the_same_bits_as_the_operators_in_process(bool alone)
    {
        var library = await package.LibraryAsync(alone);
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Three, 200, 128, 64, symmetric: false));
        float[] x = [.. Enumerable.Range(0, 5 * 128).Select(i => MathF.Sin(i))];
        using var native = new SessionOptions();
        native.RegisterCustomOpLibrary(library);
        using var managed = new SessionOptions();
        managed.RegisterGptqOperators();

        Assert.Equal(Run(model, managed, x), Run(model, native, x));
    }

    [Fact]
    public async Task Hands_over_to_the_AVX512_library_beside_it()
    {
        Assert.SkipUnless(Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported && Avx512CD.VL.IsSupported, "This processor has no AVX-512.");
        var (alone, together) = (await package.LibraryAsync(alone: true), await package.LibraryAsync(alone: false));
        foreach (var library in new[] { alone, together })
        {
            using var options = new SessionOptions();
            options.RegisterCustomOpLibrary(library);
        }

        var wide = "gptq_operators_avx512" + Path.GetExtension(alone);
        using var process = Process.GetCurrentProcess();
        var loaded = process.Modules.Cast<ProcessModule>().Select(module => module.FileName).ToList();
        Assert.Contains(Path.Combine(Path.GetDirectoryName(together)!, wide), loaded);
        Assert.DoesNotContain(Path.Combine(Path.GetDirectoryName(alone)!, wide), loaded);
    }

    /// <summary>ONNX Runtime closes it with the options, while .NET's threads run in it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stays_when_the_options_go(bool alone)
    {
        var library = await package.LibraryAsync(alone);
        using (var options = new SessionOptions())
            options.RegisterCustomOpLibrary(library);

        using var process = Process.GetCurrentProcess();
        Assert.Contains(library, process.Modules.Cast<ProcessModule>().Select(module => module.FileName));
    }

    [Fact]
    public async Task Is_where_an_application_that_references_the_package_finds_it()
    {
        var file = await package.PackageAsync();
        var (id, version) = NameAndVersion(Path.GetFileNameWithoutExtension(file));
        using var model = OperatorModel.Create(OperatorModel.Random(BitWidth.Three, 200, 128, 64, symmetric: false));
        using var app = new PackageApp(
            $"""
            <PackageReference Include="Microsoft.ML.OnnxRuntime" Version="{PackageApp.OnnxRuntimeVersion}" />
            <PackageReference Include="{id}" Version="{version}" />
            """,
            """
            using Microsoft.ML.OnnxRuntime;

            var folder = Path.Combine(AppContext.BaseDirectory, "runtimes", args[1], "native");
            using var options = new SessionOptions();
            options.RegisterCustomOpLibrary(Directory.EnumerateFiles(folder).Single(file => Path.GetFileNameWithoutExtension(file) == "gptq_operators"));
            using var session = new InferenceSession(args[0], options);
            using var x = OrtValue.CreateTensorValueFromMemory(Enumerable.Range(0, 128).Select(i => MathF.Sin(i)).ToArray(), [1, 1, 128]);
            using var results = session.Run(new RunOptions(), new Dictionary<string, OrtValue> { ["x"] = x }, ["y"]);
            Console.WriteLine(Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(results[0].GetTensorDataAsSpan<float>())));
            """,
            Path.GetDirectoryName(file)!);
        using var managed = new SessionOptions();
        managed.RegisterGptqOperators();
        var expected = Run(model, managed, [.. Enumerable.Range(0, 128).Select(i => MathF.Sin(i))]);

        var run = (await app.RunAsync(model.File, id["Gptq.Runtime.Native.".Length..])).Succeeded();

        Assert.Equal(Convert.ToHexString(MemoryMarshal.AsBytes<float>(expected)), run.Output.Trim());
    }

    private static (string Id, string Version) NameAndVersion(string file)
    {
        var digit = Enumerable.Range(1, file.Length - 1).First(i => file[i - 1] == '.' && char.IsAsciiDigit(file[i]));
        return (file[..(digit - 1)], file[digit..]);
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
