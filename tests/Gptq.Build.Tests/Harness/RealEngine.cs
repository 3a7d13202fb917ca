namespace Gptq.Build.Tests;

/// <summary>Builds with the engine itself instead of the fake one, on the checkpoint that ships with the samples.</summary>
internal static class RealEngine
{
    /// <summary>Little calibration: what is tested is the way through, not quality.</summary>
    public const string Quick = "CalibrationSamples=\"4\" SequenceLength=\"64\" Seed=\"3\"";

    /// <summary>A solution with the checkpoint in the folder checkpoint.</summary>
    public static TestSolution Solution()
    {
        var solution = new TestSolution();
        CopyCheckpoint(solution["checkpoint"]);
        return solution;
    }

    /// <summary>Copies the checkpoint.</summary>
    public static void CopyCheckpoint(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(TestPaths.BardOpt)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    /// <summary>Builds.</summary>
    public static BuildRun Build(TestSolution solution) => solution.Build(Switches(solution));

    /// <summary>What makes a build take the engine, and a cache of the test's own.</summary>
    public static string[] Switches(TestSolution solution, string? cache = null) =>
        ["-p:GptqEngine=" + TestSolution.Metadata("Engine"), $"-p:GptqCacheDirectory={cache ?? solution.Files.Beside + "/cache"}"];
}
