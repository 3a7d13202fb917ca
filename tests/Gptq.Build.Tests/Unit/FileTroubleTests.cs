using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>A file system that refuses.</summary>
public sealed class FileTroubleTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_that_can_not_be_made_is_a_coded_error()
    {
        _folder.Write("obj/gptq", "a file where a folder belongs");
        var engine = new RecordingEngine();
        var task = new GenerateModelAccessors { BuildEngine = engine, Models = [], OutputFile = _folder["obj/gptq/QuantizedModels.g.cs"] };

        Assert.False(task.Execute());

        Assert.Equal("GPTQ1020", Assert.Single(engine.Errors).Code);
    }
}
