using System.Diagnostics;
using System.Text;
using Microsoft.Build.Logging.StructuredLogger;

namespace Gptq.Build.Tests;

/// <summary>A run of the real dotnet command line, with its output and its binary log.</summary>
internal sealed class BuildRun
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _outputEnded = new();
    private int _openStreams = 2;
    private readonly string _log;
    private Microsoft.Build.Logging.StructuredLogger.Build? _build;

    private BuildRun(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    public int ExitCode => _process.ExitCode;

    public bool HasEnded => _process.HasExited;

    public int ProcessId => _process.Id;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>The binary log.</summary>
    public Microsoft.Build.Logging.StructuredLogger.Build Log => _build ??= BinaryLog.ReadBuild(_log);

    /// <summary>Codes of errors and warnings, without repetitions.</summary>
    public string[] Codes => [.. Log.FindChildrenRecursive<AbstractDiagnostic>().Select(diagnostic => diagnostic.Code).Distinct().Order(StringComparer.Ordinal)];

    public static BuildRun Start(string folder, string log, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        if (arguments[0] is "build" or "publish" or "pack" or "clean" or "msbuild" or "run")
        {
            if (arguments[0] != "run") start.ArgumentList.Add("-bl:" + log);
            if (arguments[0] is not "run" && !arguments.Any(argument => argument.StartsWith("-get", StringComparison.Ordinal) || argument == "-tl:on")) start.ArgumentList.Add("-tl:off");
        }
        // The build under test must not inherit the switches of the one that runs the tests.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("DOTNET_", StringComparison.Ordinal) || name.StartsWith("Gptq", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("HF_", StringComparison.Ordinal)).ToArray())
            if (name is not "DOTNET_ROOT") start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1";
        start.Environment["HF_HOME"] = Path.Combine(Path.GetDirectoryName(log)!, "hub");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var run = new BuildRun(new Process { StartInfo = start }, log);
        run._process.OutputDataReceived += run.Keep;
        run._process.ErrorDataReceived += run.Keep;
        run._process.Start();
        run._process.BeginOutputReadLine();
        run._process.BeginErrorReadLine();
        return run;
    }

    /// <summary>Waits for the end and for its output, though not forever: a compiler server that it started would keep that open.</summary>
    public BuildRun WaitForEnd()
    {
        if (_process.WaitForExit(s_limit))
        {
            _outputEnded.Task.Wait(TimeSpan.FromSeconds(10));
            return this;
        }
        _process.Kill(true);
        throw new TimeoutException($"dotnet took longer than {s_limit}: {Output}");
    }

    /// <summary>The output once a text is in it: it can come after the process has ended.</summary>
    public string WaitForOutput(string text)
    {
        SpinWait.SpinUntil(() => Output.Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        return Output;
    }

    /// <summary>Fails, showing the output, unless the run succeeded.</summary>
    public BuildRun Succeeded()
    {
        Assert.True(ExitCode == 0, Output);
        return this;
    }

    /// <summary>Fails, showing the output, unless the run failed.</summary>
    public BuildRun Failed()
    {
        Assert.True(ExitCode != 0, Output);
        return this;
    }

    /// <summary>Whether a task ran.</summary>
    public bool Ran(string task) => Log.FindChildrenRecursive<Microsoft.Build.Logging.StructuredLogger.Task>(found => found.Name == task).Count > 0;

    /// <summary>Whether a message of any importance has a text.</summary>
    public bool Says(string text) => Log.FindChildrenRecursive<Message>(message => message.Text?.Contains(text, StringComparison.Ordinal) == true).Count > 0;

    /// <summary>The error or warning of a code.</summary>
    public AbstractDiagnostic Diagnostic(string code) =>
        Log.FindFirstDescendant<AbstractDiagnostic>(found => found.Code == code) ?? throw new InvalidOperationException($"No {code} in: {Output}");

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_output) _output.AppendLine(line.Data);
        }
        else if (Interlocked.Decrement(ref _openStreams) == 0)
        {
            _outputEnded.SetResult();
        }
    }
}
