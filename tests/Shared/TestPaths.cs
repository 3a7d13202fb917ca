using System.Reflection;

namespace Gptq.Tests;

/// <summary>Where tests find the repository, the sample checkpoint, and the reference data when it is there.</summary>
internal static class TestPaths
{
    /// <summary>The repository's root folder.</summary>
    public static string RepositoryRoot { get; } = typeof(TestPaths).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>The trained OPT checkpoint that ships with the samples.</summary>
    public static string BardOpt { get; } = Path.Combine(RepositoryRoot, "samples", "models", "bard-opt");

    /// <summary>The folder of results to test against: GPTQ_REFERENCE, else ../shared/reference beside the repository; null when there is none.</summary>
    public static string? Reference { get; } = FindReference();

    /// <summary>The folder that holds the reference data, trained checkpoints and texts; null when there is none.</summary>
    public static string? Shared { get; } = Reference is null ? null : Path.GetDirectoryName(Reference);

    /// <summary>A path inside the reference folder; skips the running test, saying so, when the folder is not there.</summary>
    public static string RequireReference(params string[] parts)
    {
        Assert.SkipWhen(Reference is null, "No reference data: set GPTQ_REFERENCE to its folder to run this test.");
        return Path.Combine([Reference!, .. parts]);
    }

    /// <summary>A path beside the reference folder (models, data); skips the running test, saying so, when it is not there.</summary>
    public static string RequireShared(params string[] parts)
    {
        Assert.SkipWhen(Shared is null, "No reference data: set GPTQ_REFERENCE to its folder to run this test.");
        var path = Path.Combine([Shared!, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"Not there: {path}");
        return path;
    }

    private static string? FindReference()
    {
        var named = Environment.GetEnvironmentVariable("GPTQ_REFERENCE");
        var path = Path.GetFullPath(string.IsNullOrEmpty(named) ? Path.Combine(RepositoryRoot, "..", "shared", "reference") : named);
        return Directory.Exists(path) ? path : null;
    }
}
