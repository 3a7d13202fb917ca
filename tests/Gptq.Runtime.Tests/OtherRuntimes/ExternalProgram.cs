using System.Diagnostics;

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>A run of another program to its end.</summary>
/// <param name="ExitCode">0 for success.</param>
/// <param name="Output">What it wrote.</param>
/// <param name="Errors">What it wrote to standard error.</param>
internal sealed record ExternalProgram(int ExitCode, string Output, string Errors)
{
    /// <summary>Whether a program of this name is on the path.</summary>
    public static bool Exists(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => new[] { name, name + ".exe", name + ".cmd" }.Any(file => File.Exists(Path.Combine(folder, file))));

    /// <summary>Runs a program; one that takes longer than <paramref name="limit"/> is ended and fails the test.</summary>
    public static async Task<ExternalProgram> RunAsync(string directory, TimeSpan limit, string file, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        // A build that is started here must not inherit the switches of the one that runs the tests, nor leave processes behind.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(limit);
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(timeout.Token), process.StandardError.ReadToEndAsync(timeout.Token));
            await process.WaitForExitAsync(timeout.Token);
            return new ExternalProgram(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"{file} took longer than {limit}.");
        }
    }

    /// <summary>Fails, showing what it wrote, unless it succeeded.</summary>
    public ExternalProgram Succeeded()
    {
        Assert.True(ExitCode == 0, Output + Errors);
        return this;
    }
}
