using System.Globalization;
using System.Text.Json;
using Gptq.Build.Tasks;

namespace Gptq.Build.Tests.Unit;

/// <summary>The engine takes as many cores as the build gives it.</summary>
public sealed class CoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_cores_need_no_word()
    {
        Assert.SkipWhen(Environment.ProcessorCount == 1, "One core is all that there is to ask for.");

        var engine = Run(Environment.ProcessorCount);

        Assert.Equal("", ProcessorCountOfEngine());
        Assert.Equal([Environment.ProcessorCount, -Environment.ProcessorCount], engine.Calls);
    }

    [Fact]
    public void Where_the_first_request_gives_nothing_but_the_core_that_each_task_has_it_asks_for_more()
    {
        Assert.SkipWhen(Environment.ProcessorCount == 1, "One core is all that there is to ask for.");
        var second = Environment.ProcessorCount - 1;

        var engine = Run(1, second);

        Assert.Equal("", ProcessorCountOfEngine());
        Assert.Equal([Environment.ProcessorCount, second, -(1 + second)], engine.Calls);
    }

    [Fact]
    public void Fewer_cores_are_fewer_threads()
    {
        Assert.SkipWhen(Environment.ProcessorCount < 3, "Between one core and all there is no number.");

        Run(2);

        Assert.Equal("2", ProcessorCountOfEngine());
    }

    [Fact]
    public void Where_nothing_is_left_it_works_on_one_core()
    {
        Assert.SkipWhen(Environment.ProcessorCount == 1, "One core is all that there is to ask for.");

        Run(1, 0);

        Assert.Equal("1", ProcessorCountOfEngine());
    }

    private string ProcessorCountOfEngine() =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllLines(_folder["engine.log"]).Last())!["$DOTNET_PROCESSOR_COUNT"];

    private CoreCounter Run(params int[] grants)
    {
        _folder.Write("models/tiny/config.json", "{}");
        var engine = CoreCounter.Create(grants);
        var model = RecordingEngine.Item("tiny", ("Checkpoint", _folder["models/tiny"]), ("ModelName", "tiny"), ("StaleBecause", grants.Length.ToString(CultureInfo.InvariantCulture)));
        var task = new RunQuantization
        {
            BuildEngine = engine,
            Model = model,
            ProjectDirectory = _folder.Path,
            IntermediateDirectory = _folder["obj"],
            Engine = TestSolution.Metadata("FakeEngine"),
        };
        Assert.True(task.Execute());
        return (CoreCounter)(object)engine;
    }
}
