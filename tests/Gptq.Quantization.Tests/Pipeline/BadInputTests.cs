using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Pipeline;

public sealed class BadInputTests : PipelineTest
{
    [Fact]
    public async Task A_missing_checkpoint_is_named() => await Fails("GPTQ24", () => RunAsync(Request() with { Model = "no-such-model" }));

    [Fact]
    public async Task A_truncated_checkpoint_is_named()
    {
        var copy = Copy();
        using (var file = File.OpenWrite(Path.Combine(copy, "model.safetensors"))) file.SetLength(file.Length / 2);
        await Fails("GPTQ22", () => RunAsync(Request() with { Model = copy }));
    }

    [Fact]
    public async Task An_unknown_architecture_is_named_beside_the_known_ones()
    {
        var copy = Copy();
        var config = Path.Combine(copy, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"opt\"", "\"mamba\"", StringComparison.Ordinal));
        var failure = await Fails("GPTQ2103", () => RunAsync(Request() with { Model = copy }));
        Assert.Contains("mamba", failure.Message, StringComparison.Ordinal);
        Assert.Contains("opt", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_tokenizer_is_named()
    {
        var copy = Copy();
        File.WriteAllText(Path.Combine(copy, "vocab.json"), "{ \"a\": ");
        var failure = await Fails("GPTQ2301", () => RunAsync(Request() with { Model = copy }));
        Assert.EndsWith("vocab.json", failure.File, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overrides_for_layers_that_are_not_there_are_refused_before_calibration() =>
        await Fails("GPTQ1111", () => RunAsync(Request(new QuantizationOptions { Modules = ModuleRules.Parse("*.fc9=8") })));

    [Theory]
    [InlineData(OperatorSet.OnnxRuntimeHalf, BitWidth.Three)]
    [InlineData(OperatorSet.Portable, BitWidth.Ternary)]
    public async Task Operators_that_cannot_hold_the_bits_are_refused_before_calibration(OperatorSet operators, BitWidth bits) =>
        await Fails("GPTQ1112", () => RunAsync(Request(new QuantizationOptions { Operators = operators, Bits = bits })));

    [Fact]
    public async Task Groups_in_dynamic_order_need_own_operators() =>
        await Fails("GPTQ1113", () => RunAsync(Request(new QuantizationOptions { Operators = OperatorSet.OnnxRuntime, ActOrder = ActOrder.Dynamic })));

    [Theory]
    [InlineData(100, 0.01, 1, 64, "GPTQ1103")]
    [InlineData(128, 1.5, 1, 64, "GPTQ1105")]
    [InlineData(128, double.NaN, 1, 64, "GPTQ1105")]
    [InlineData(128, 0.01, 0, 64, "GPTQ1109")]
    [InlineData(128, 0.01, 1, 1, "GPTQ1110")]
    public void Options_are_checked(int groupSize, double damp, int samples, int length, string code) =>
        Assert.Equal(
            code,
            Assert.Throws<GptqException>(() => new QuantizationOptions { GroupSize = groupSize, Damp = damp, CalibrationSamples = samples, SequenceLength = length }.Checked()).Code);

    private async Task<GptqException> Fails(string code, Func<Task> run)
    {
        var failure = await Assert.ThrowsAsync<GptqException>(run);
        Assert.StartsWith(code, failure.Code, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
        return failure;
    }

    private string Copy()
    {
        var copy = Path.Combine(Root, "copy");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.EnumerateFiles(TestPaths.BardOpt)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        return copy;
    }
}
