using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>What the engine says, and how it is passed on.</summary>
public sealed class EngineLineTests
{
    [Theory]
    [InlineData("/models/opt/config.json : error GPTQ2101: unknown architecture", true, "GPTQ2101", "/models/opt/config.json", 0, "unknown architecture")]
    [InlineData("/a b/x(y).json(7,3): warning GPTQ3001: short text", false, "GPTQ3001", "/a b/x(y).json", 7, "short text")]
    [InlineData("C:\\models\\x.json : error GPTQ2001: a : b", true, "GPTQ2001", "C:\\models\\x.json", 0, "a : b")]
    [InlineData("gptq : error GPTQ4001: no", true, "GPTQ4001", "", 0, "no")]
    [InlineData("error GPTQ4001: no", true, "GPTQ4001", "", 0, "no")]
    public void Diagnostics_are_read(string line, bool isError, string code, string file, int number, string text)
    {
        var diagnostic = Assert.IsType<EngineLine.Diagnostic>(EngineLine.Parse(line));

        Assert.Equal((isError, code, file, number, text), (diagnostic.IsError, diagnostic.Code, diagnostic.File, diagnostic.Line, diagnostic.Text));
    }

    [Fact]
    public void Progress_is_read()
    {
        var progress = Assert.IsType<EngineLine.Progress>(EngineLine.Parse("gptq: quantize 3/40 model.decoder.layers.2"));

        Assert.Equal(("quantize", 3, 40, "model.decoder.layers.2"), (progress.Phase, progress.Done, progress.Of, progress.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("loading")]
    [InlineData("no error GPTQ here")]
    public void Anything_else_is_neither(string line) => Assert.Null(EngineLine.Parse(line));

    [Fact]
    public void Progress_is_told_when_a_phase_begins_and_then_now_and_then()
    {
        var now = TimeSpan.Zero;
        var clock = new PhaseClock(() => now, TimeSpan.FromSeconds(10));
        string? At(double seconds, string phase, int done, int of, string text = "")
        {
            now = TimeSpan.FromSeconds(seconds);
            return clock.Report(new(phase, done, of, text));
        }

        Assert.Equal("calibrate 0/4", At(0, "calibrate", 0, 4));
        Assert.Equal("calibrate 1/4 waiting for another model on this device", At(1, "calibrate", 1, 4, "waiting for another model on this device"));
        Assert.Null(At(5, "calibrate", 1, 4));
        Assert.Equal("calibrate 2/4", At(60, "calibrate", 2, 4));
        Assert.Equal("quantize 0/100", At(61, "quantize", 0, 100));
        Assert.Equal("quantize 1/100", At(133, "quantize", 1, 100));
        now = TimeSpan.FromSeconds(200);
        Assert.Equal("calibrate 61.0 s, quantize 139.0 s", clock.Summary());
    }
}
