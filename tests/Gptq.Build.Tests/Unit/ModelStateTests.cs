using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>What makes a result stale, and in which words.</summary>
public sealed class ModelStateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public ModelStateTests()
    {
        _folder.Write("models/tiny/config.json", "{}");
        _folder.Write("models/tiny/README.md", "about");
        _folder.Write("text.txt", "to be");
        _folder.Write("engine/gptq.dll", "code");
        _folder.Write("obj/tiny/model.onnx", "12345");
        _folder.Write("obj/tiny.report.html", "<html/>");
    }

    private ProjectContext Context => new(_folder.Path) { IntermediateDirectory = _folder["obj"], Engine = _folder["engine/gptq.dll"] };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_result_stands_while_nothing_changes()
    {
        Remember();
        _folder.Write("models/tiny/README.md", "more about");

        Assert.Null(WhyStale());
    }

    [Fact]
    public void A_changed_option_says_which()
    {
        Remember();

        Assert.Equal("Bits changed", WhyStale(("Bits", "8")));
        Assert.Equal("GroupSize changed", WhyStale(("GroupSize", "64")));
    }

    [Theory]
    [InlineData("models/tiny/config.json", "models/tiny/config.json changed")]
    [InlineData("models/tiny/tokenizer.json", "models/tiny/tokenizer.json changed")]
    [InlineData("text.txt", "text.txt changed")]
    [InlineData("engine/gptq.dll", "the engine changed")]
    [InlineData("engine/Gptq.Quantization.dll", "the engine changed")]
    [InlineData("obj/tiny/model.onnx", "the result's model.onnx is missing or was changed")]
    public void A_changed_or_new_file_says_which(string file, string reason)
    {
        Remember();

        _folder.Write(file, "something else");

        Assert.Equal(reason, WhyStale());
    }

    [Fact]
    public void A_report_that_is_gone_is_made_again()
    {
        Remember();
        File.Delete(_folder["obj/tiny.report.html"]);

        Assert.Equal("its report is missing", WhyStale());
    }

    [Fact]
    public void A_file_that_is_gone_counts_as_changed()
    {
        _folder.Write("models/tiny/vocab.json", "{}");
        Remember();

        File.Delete(_folder["models/tiny/vocab.json"]);

        Assert.Equal("models/tiny/vocab.json changed", WhyStale());
    }

    [Fact]
    public void The_file_behind_a_link_counts()
    {
        _folder.Write("blobs/weights", "one");
        File.CreateSymbolicLink(_folder["models/tiny/model.safetensors"], _folder["blobs/weights"]);
        Remember();

        _folder.Write("blobs/weights", "three");

        Assert.Equal("models/tiny/model.safetensors changed", WhyStale());
    }

    [Fact]
    public void Half_a_state_file_is_none()
    {
        Remember();
        var path = Model().StateFile;
        var text = File.ReadAllText(path);

        File.WriteAllText(path, text[..^4]);

        Assert.Null(ModelState.Read(path));
    }

    private QuantizedModel Model(params (string, string)[] metadata) =>
        QuantizedModel.From(RecordingEngine.Item("models/tiny", [("CalibrationData", "text.txt"), .. metadata]), Context);

    private void Remember() => ModelState.Write(Model().StateFile, ModelFingerprint.Of(Model(), null, Context), [new("model.onnx", 5)], []);

    private string? WhyStale(params (string, string)[] metadata)
    {
        var model = Model(metadata);
        var state = ModelState.Read(model.StateFile);
        Assert.NotNull(state);
        return state.WhyStale(ModelFingerprint.Of(model, state, Context), model);
    }
}
