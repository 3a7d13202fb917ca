using System.CommandLine;
using Gptq.Quantization;
using Gptq.Tests;
using Gptq.Tool.Commands;

namespace Gptq.Tool.Tests;

/// <summary>The gate with the engine itself, on the trained sample model.</summary>
public sealed class QualityGateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-gate-").FullName;

    private string Output => Path.Combine(_folder, "models", "bard");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("--max-perplexity-increase", "0.001", "GPTQ7001")]
    [InlineData("--max-kl-divergence", "0.0001", "GPTQ7002")]
    public async Task A_result_over_a_limit_fails_with_the_numbers_and_leaves_nothing(string limit, string value, string code)
    {
        var failure = await Assert.ThrowsAsync<GptqException>(() => QuantizeAsync("--bits", "2", limit, value));

        Assert.Equal(code, failure.Code);
        Assert.Matches(@"perplexity \d+\.\d+ \(float \d+\.\d+\), KL divergence \d+\.\d+", failure.Message);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Output)!), path => !Path.GetFileName(path).StartsWith('.'));
    }

    [Fact]
    public async Task A_result_within_the_limits_passes()
    {
        await QuantizeAsync("--bits", "8", "--max-perplexity-increase", "1", "--max-kl-divergence", "0.1");
        Assert.True(File.Exists(Path.Combine(Output, "model.onnx")));
    }

    [Fact]
    public async Task A_checkpoint_in_the_format_gptq_is_measured_too()
    {
        var failure = await Assert.ThrowsAsync<GptqException>(() => QuantizeAsync("--bits", "2", "--formats", "gptq", "--max-kl-divergence", "0.0001"));
        Assert.Equal("GPTQ7002", failure.Code);
        await QuantizeAsync("--bits", "8", "--formats", "gptq", "--max-kl-divergence", "0.1");
        Assert.True(File.Exists(Path.Combine(Output, "quantize_config.json")));
    }

    [Fact]
    public async Task A_limit_without_a_text_is_refused() =>
        Assert.Equal("GPTQ7003", (await Assert.ThrowsAsync<GptqException>(() => RunAsync("--max-kl-divergence", "0.1"))).Code);

    private Task<int> QuantizeAsync(params string[] arguments)
    {
        // One window of the model's 512 positions.
        var text = Path.Combine(_folder, "evaluation.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("To be, or not to be: that is the question. Whether 'tis nobler in the mind to suffer\n", 40)));
        return RunAsync([.. arguments, "--evaluation-data", text]);
    }

    private Task<int> RunAsync(params string[] arguments) =>
        QuantizeCommand.Create().Parse(
        [
            "--model", TestPaths.BardOpt, "--output", Output, "--cache-directory", Path.Combine(_folder, "cache"), "--calibration-samples", "2",
            "--sequence-length", "32", "--progress", "msbuild", .. arguments,
        ]).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
