using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>What a project can write wrong, and that it is told so with a code, the item, the file and the line.</summary>
public sealed class MetadataTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Bits", "5", "GPTQ1001")]
    [InlineData("Bits", "four", "GPTQ1001")]
    [InlineData("GroupSize", "100", "GPTQ1002")]
    [InlineData("GroupSize", "8", "GPTQ1002")]
    [InlineData("GroupSize", "2048", "GPTQ1002")]
    [InlineData("GroupSize", "0", "GPTQ1002")]
    [InlineData("Symmetric", "yes", "GPTQ1003")]
    [InlineData("MseSearch", "1", "GPTQ1003")]
    [InlineData("TrueSequential", "on", "GPTQ1003")]
    [InlineData("CalibrationSamples", "0", "GPTQ1004")]
    [InlineData("CalibrationSamples", "1,000", "GPTQ1004")]
    [InlineData("SequenceLength", "1", "GPTQ1004")]
    [InlineData("Seed", "-1", "GPTQ1004")]
    [InlineData("Damp", "0,01", "GPTQ1005")]
    [InlineData("Damp", "0", "GPTQ1005")]
    [InlineData("Damp", "NaN", "GPTQ1005")]
    [InlineData("TargetBitsPerWeight", "40", "GPTQ1005")]
    [InlineData("ActOrder", "sometimes", "GPTQ1006")]
    [InlineData("Method", "awq", "GPTQ1006")]
    [InlineData("Device", "tpu", "GPTQ1006")]
    [InlineData("Operators", "mine", "GPTQ1006")]
    [InlineData("Formats", "onnx;gguf", "GPTQ1006")]
    [InlineData("Modules", "lm_head", "GPTQ1007")]
    [InlineData("Modules", "lm_head=5", "GPTQ1007")]
    [InlineData("Modules", "a=8;*.fc2=3g100", "GPTQ1007")]
    [InlineData("ModelName", "a/b", "GPTQ1008")]
    [InlineData("ModelName", "..", "GPTQ1008")]
    [InlineData("ModelName", "nul", "GPTQ1008")]
    [InlineData("TargetPath", "../elsewhere", "GPTQ1010")]
    [InlineData("TargetPath", "/etc", "GPTQ1010")]
    [InlineData("CalibrationData", "nowhere.txt", "GPTQ1011")]
    [InlineData("EvaluationData", "nowhere.txt", "GPTQ1011")]
    [InlineData("MaxPerplexityIncrease", "0.1", "GPTQ1012")]
    public void A_wrong_value_is_an_error_that_names_the_item(string metadata, string value, string code)
    {
        var engine = Resolve(out var resolved, RecordingEngine.Item("facebook/opt-13b", (metadata, value)));

        var error = Assert.Single(engine.Errors);
        Assert.Equal(code, error.Code);
        Assert.Contains("facebook/opt-13b", error.Message, StringComparison.Ordinal);
        Assert.Empty(resolved);
    }

    [Theory]
    [InlineData("Bits", "Ternary")]
    [InlineData("GroupSize", "-1")]
    [InlineData("GroupSize", "16")]
    [InlineData("GroupSize", "1024")]
    [InlineData("Symmetric", "True")]
    [InlineData("ActOrder", "group-aware")]
    [InlineData("Damp", "1e-2")]
    [InlineData("Formats", "gptq; onnx")]
    [InlineData("Modules", "lm_head=8;\n  model.decoder.layers.0.*=8;\n *.fc2=3g64;embed_tokens=skip;head=4g-1")]
    [InlineData("CalibrationData", "self")]
    public void A_right_value_is_taken(string metadata, string value)
    {
        var engine = Resolve(out var resolved, RecordingEngine.Item("opt-13b", (metadata, value)));

        Assert.Empty(engine.Errors);
        Assert.Single(resolved);
    }

    [Fact]
    public void Every_wrong_item_is_reported_in_one_build()
    {
        var engine = Resolve(out _, RecordingEngine.Item("a", ("Bits", "5")), RecordingEngine.Item("b", ("GroupSize", "100")));

        Assert.Equal(["GPTQ1001", "GPTQ1002"], engine.Errors.Select(error => error.Code));
    }

    [Fact]
    public void Two_items_of_one_name_are_refused_whatever_their_letter_case()
    {
        var engine = Resolve(out _, RecordingEngine.Item("facebook/opt-13b"), RecordingEngine.Item("mine/OPT-13b", ("TargetPath", "other")));

        Assert.Equal(["GPTQ1009"], engine.Errors.Select(error => error.Code));
    }

    [Fact]
    public void Two_items_of_one_target_path_are_refused()
    {
        var engine = Resolve(out _, RecordingEngine.Item("a", ("TargetPath", "model")), RecordingEngine.Item("b", ("TargetPath", "model/")));

        Assert.Equal(["GPTQ1010"], engine.Errors.Select(error => error.Code));
    }

    [Fact]
    public void Metadata_with_a_slip_is_a_warning_that_proposes_the_name()
    {
        var engine = Resolve(out _, RecordingEngine.Item("opt-13b", ("Bit", "3"), ("MyOwnNote", "kept"), ("groupsize", "64")));

        var warning = Assert.Single(engine.Warnings);
        Assert.Equal("GPTQ1013", warning.Code);
        Assert.Contains("Did you mean Bits?", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_set_is_left_to_the_engine()
    {
        var context = new ProjectContext(_folder.Path) { IntermediateDirectory = _folder["obj"], Engine = _folder["gptq.dll"] };

        var tokens = ResponseFile.Tokens(QuantizedModel.From(RecordingEngine.Item("opt-13b", ("GroupSize", "64")), context), context, 42);

        Assert.Equal(
            ["--model", "opt-13b", "--project-directory", _folder.Path, "--output", _folder["obj/opt-13b"], "--name", "opt-13b", "--group-size", "64",
                "--manifest", _folder["obj/opt-13b.manifest.json"], "--report", _folder["obj/opt-13b.report.html"], "--parent-process", "42", "--progress", "msbuild"],
            tokens);
    }

    [Theory]
    [InlineData("TargetBitsPerWeight", "--target-bits-per-weight")]
    [InlineData("MaxKlDivergence", "--max-kl-divergence")]
    [InlineData("MseSearch", "--mse-search")]
    public void Options_are_the_metadata_in_kebab_case(string metadata, string option) =>
        Assert.Equal(option, ModelOptions.All.Single(known => known.Metadata == metadata).Switch);

    private RecordingEngine Resolve(out Microsoft.Build.Framework.ITaskItem[] resolved, params Microsoft.Build.Framework.ITaskItem[] items)
    {
        var engine = new RecordingEngine();
        var task = new ResolveQuantizeModels
        {
            BuildEngine = engine,
            Models = items,
            ProjectDirectory = _folder.Path,
            IntermediateDirectory = "obj",
            Engine = "gptq.dll",
        };
        var succeeded = task.Execute();
        Assert.Equal(engine.Errors.Count == 0, succeeded);
        resolved = task.ResolvedModels;
        return engine;
    }
}
