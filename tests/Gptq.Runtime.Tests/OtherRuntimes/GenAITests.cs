using System.Globalization;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>ONNX Runtime GenAI runs the folder that the build writes, as it is, tokenizer and all. The program that does is tests/Gptq.GenAI.Host.</summary>
public sealed class GenAITests(QuantizedFolders folders, NativePackage package)
{
    private static readonly Lazy<Task<string>> s_host = new(BuildHostAsync);

    [Theory]
    [InlineData("onnxruntime", 4)]
    [InlineData("portable", 4)]
    [InlineData("gptq", 4)]
    [InlineData("gptq", 3)]
    public async Task Gives_the_same_tokens(string operators, int bits)
    {
        var folder = folders.Folder(operators, bits);
        var (expected, actual) = (QuantizedFolders.Greedy(folder), await GenerateAsync(folder, "-"));
        Assert.Equal(expected.Prompt, actual.Prompt);
        Assert.Equal(expected.Continuation, actual.Continuation);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Gives_the_same_tokens_with_the_native_library(int bits)
    {
        var library = await package.LibraryAsync(alone: false);
        var folder = folders.Folder("gptq", bits);
        var (expected, actual) = (QuantizedFolders.Greedy(folder), await GenerateAsync(folder, library));
        Assert.Equal(expected.Prompt, actual.Prompt);
        Assert.Equal(expected.Continuation, actual.Continuation);
    }

    private static async Task<(int[] Prompt, int[] Continuation)> GenerateAsync(string folder, string library)
    {
        var host = await s_host.Value;
        Assert.SkipWhen(host.StartsWith("skip: ", StringComparison.Ordinal), host);
        string[] arguments = [host, folder, library, QuantizedFolders.TokenCount.ToString(CultureInfo.InvariantCulture), QuantizedFolders.Prompt];
        var run = (await ExternalProgram.RunAsync(folder, TimeSpan.FromMinutes(2), "dotnet", arguments)).Succeeded();
        var lines = run.Output.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        return (Ids(lines[0]), Ids(lines[1]));

        static int[] Ids(string[] words) => [.. words.Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
    }

    /// <summary>The program's path, or why there is none.</summary>
    private static async Task<string> BuildHostAsync()
    {
        var build = await ExternalProgram.RunAsync(
            TestPaths.RepositoryRoot, TimeSpan.FromMinutes(8), "dotnet", "build", "tests/Gptq.GenAI.Host", "-nologo", "-tl:off");
        if (build.Output.Contains("GPTQ6001", StringComparison.Ordinal) || build.Errors.Contains("GPTQ6001", StringComparison.Ordinal))
            return "skip: ONNX Runtime GenAI cannot be fetched here.";
        build.Succeeded();
        return Path.Combine(TestPaths.RepositoryRoot, "artifacts", "bin", "Gptq.GenAI.Host", "debug", "Gptq.GenAI.Host.dll");
    }
}
