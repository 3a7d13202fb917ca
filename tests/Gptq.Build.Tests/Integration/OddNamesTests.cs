namespace Gptq.Build.Tests.Integration;

/// <summary>Paths and names as people have them.</summary>
[Trait("Category", "Integration")]
public sealed class OddNamesTests
{
    [Fact]
    public void Spaces_and_marks_in_paths_reach_the_engine_and_the_output_as_they_are()
    {
        using var solution = new TestSolution("my 项目 @home (1) #2");
        string[] checkpoints = ["models/opt-1.3b", "models/with space", "models/semi;colon", "models/50% @x (2)", "models/模型", "models/#hash"];
        foreach (var checkpoint in checkpoints) solution.AddCheckpoint(checkpoint);
        solution.Files.Write("texts/a text; 100%.txt", "To be");
        solution.WriteApp("""
            <QuantizeModel Include="models/opt-1.3b/" CalibrationData="texts/a text; 100%25.txt" />
            <QuantizeModel Include="models/opt-1.3b" ModelName="opt-1.3b-3bit" Bits="3" />
            <QuantizeModel Include="models/with space" Modules="lm_head=8; *.fc2=3g64" />
            <QuantizeModel Include="models/semi%3Bcolon" />
            <QuantizeModel Include="models/50%25 %40x %282%29" />
            <QuantizeModel Include="models/模型" />
            <QuantizeModel Include="models/#hash" />
            """, program: "System.Console.Write(app.QuantizedModels._50X2.Path + app.QuantizedModels.Opt1_3b3bit.Bits);");

        solution.Build().Succeeded();

        var runs = solution.EngineRuns();
        Assert.Equal(
            ["opt-1.3b", "opt-1.3b", "with space", "semi;colon", "50% @x (2)", "模型", "#hash"],
            runs.Select(run => Path.GetRelativePath(solution["models"], run["--model"])));
        Assert.Equal(["opt-1.3b", "opt-1.3b-3bit"], runs.Take(2).Select(run => run["--name"]));
        Assert.Equal(solution["texts/a text; 100%.txt"], runs[0]["--calibration-data"]);
        Assert.Equal("lm_head=8;*.fc2=3g64", runs[2]["--modules"]);
        foreach (var run in runs) Assert.True(solution.Files.Has($"bin/Debug/net10.0/models/{run["--name"]}/model.onnx"), run["--name"]);

        var before = solution.Files.Snapshot();
        solution.Build("--no-restore").Succeeded();
        Assert.Equal(before, solution.Files.Snapshot());
    }
}
