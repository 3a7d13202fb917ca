using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>Names of folders and classes.</summary>
public sealed class NameTests
{
    private static readonly ProjectContext s_context = new("/work/my-project");

    [Theory]
    [InlineData("opt-13b", "opt-13b")]
    [InlineData("opt-1.3b", "opt-1.3b")]
    [InlineData("facebook/opt-1.3b", "opt-1.3b")]
    [InlineData("../models/opt-1.3b/", "opt-1.3b")]
    [InlineData("..\\models\\opt\\", "opt")]
    [InlineData(".", "my-project")]
    [InlineData("models/ünï (2)", "ünï (2)")]
    public void A_model_is_named_by_the_last_part_of_its_path(string include, string name) => Assert.Equal(name, ModelName.Of(include, "", s_context));

    [Fact]
    public void ModelName_wins() => Assert.Equal("mine", ModelName.Of("opt-13b", "mine", s_context));

    [Theory]
    [InlineData("opt-13b", "Opt13b")]
    [InlineData("opt-1.3b", "Opt1_3b")]
    [InlineData("bard-opt", "BardOpt")]
    [InlineData("7b model", "_7bModel")]
    [InlineData("path", "PathModel")]
    [InlineData("quantized-models", "QuantizedModelsModel")]
    [InlineData("模型", "模型")]
    [InlineData("(@;%)", "_")]
    public void A_class_is_named_as_csharp_wants_it(string model, string type) => Assert.Equal(type, ClassName.Of(model));

    [Theory]
    [InlineData("my-app", "namespace my_app")]
    [InlineData("A.7b", "namespace A._7b")]
    [InlineData("My.class", "namespace My.@class")]
    public void A_namespace_is_made_valid(string rootNamespace, string expected) =>
        Assert.Contains(expected, AccessorSource.Of(rootNamespace, [], false), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "models/m")]
    [InlineData("a\\b/", "a/b")]
    public void A_target_path_has_forward_slashes(string value, string path) => Assert.Equal(path, TargetPath.Of(value, "m"));
}
