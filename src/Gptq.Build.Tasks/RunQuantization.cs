using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Gptq.Build.Tasks;

/// <summary>
/// Runs the engine for one model, unless its result stands already: <c>dotnet exec gptq.dll quantize @obj/gptq/name.rsp</c>. Two builds of one
/// project, at the same time in any number of processes or threads, run it once; the others wait and take its result.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class RunQuantization : ToolTask, IProjectParameters
{
    private const int KeptLines = 20;

    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_betweenSteps = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<bool> _cancelled = new();
    private readonly Queue<string> _lastLines = new();
    private readonly ConcurrentQueue<string> _unread = new();
    private readonly PhaseClock _phases;
    private readonly PhaseClock _shown;
    private ProjectContext _context = null!;
    private QuantizedModel _model = null!;
    private IReadOnlyList<string> _fingerprint = [];
    private FileStream _building = null!;
    private string? _brokenWord;
    private TerminalSteps? _steps;

    /// <summary>Creates the task.</summary>
    public RunQuantization()
    {
        var watch = Stopwatch.StartNew();
        _phases = new(() => watch.Elapsed, s_betweenLines);
        _shown = new(() => watch.Elapsed, s_betweenSteps);
    }

    /// <summary>An item of <see cref="ResolveQuantizeModels.ResolvedModels"/>.</summary>
    [Required]
    public ITaskItem Model { get; set; } = null!;

    /// <summary>The project's folder.</summary>
    [Required]
    public string ProjectDirectory { get; set; } = "";

    /// <summary>The folder of results, obj/gptq/.</summary>
    [Required]
    public string IntermediateDirectory { get; set; } = "";

    /// <summary>The engine, gptq.dll.</summary>
    [Required]
    public string Engine { get; set; } = "";

    /// <summary>The dotnet host that runs the engine.</summary>
    public string? DotNetHost { get; set; }

    /// <summary>Folders that hold checkpoints, separated by semicolons.</summary>
    public string? ModelRoots { get; set; }

    /// <summary>Whether the engine may download.</summary>
    public string? Download { get; set; }

    /// <summary>The content-addressed cache.</summary>
    public string? CacheDirectory { get; set; }

    /// <summary>The address of a shared cache.</summary>
    public string? RemoteCache { get; set; }

    /// <summary>Whether results are only taken from the shared cache.</summary>
    public string? RemoteCacheReadOnly { get; set; }

    /// <summary>Whether a terminal shows what nodes are at, so that the engine's steps are worth being shown there.</summary>
    public bool ShowSteps { get; set; }

    /// <inheritdoc/>
    protected override string ToolName => Path.DirectorySeparatorChar == '\\' ? "dotnet.exe" : "dotnet";

    /// <inheritdoc/>
    protected override MessageImportance StandardErrorLoggingImportance => MessageImportance.Low;

    /// <inheritdoc/>
    protected override Encoding StandardOutputEncoding => Encoding.UTF8;

    /// <inheritdoc/>
    protected override Encoding StandardErrorEncoding => Encoding.UTF8;

    /// <inheritdoc/>
    public override bool Execute() => FileTrouble.Report(Log, QuantizeWhenStale);

    private bool QuantizeWhenStale()
    {
        var context = this.ToContext();
        context.Download = Download ?? "";
        context.CacheDirectory = string.IsNullOrEmpty(CacheDirectory) ? "" : context.FullPath(CacheDirectory!);
        var item = new TaskItem(EscapedText.Of(Model.GetMetadata("Checkpoint")));
        Model.CopyMetadataTo(item);
        _model = QuantizedModel.From(item, context);
        if (!File.Exists(context.Engine))
        {
            new ItemLog(Log, Model).Error("GPTQ1015", $"The engine is missing: {context.Engine}. Restore the Gptq.Build package again; in its own repository, build src/Gptq.Tool.");
            return false;
        }

        using var building = WaitForOtherBuilds();
        if (building is null) return false;
        _building = building;
        var state = ModelState.Read(_model.StateFile);
        var fingerprint = ModelFingerprint.Of(_model, state, context);
        if (state is not null && state.WhyStale(fingerprint, _model) is null)
        {
            Log.LogMessage(MessageImportance.Normal, "{0}: another build has quantized it meanwhile.", _model.Name);
            return true;
        }
        _fingerprint = fingerprint;
        _context = context;
        return Quantize();
    }

    /// <inheritdoc/>
    public override void Cancel()
    {
        _cancelled.TrySetResult(true);
        _steps?.End();
        base.Cancel();
    }

    /// <inheritdoc/>
    protected override string GenerateFullPathToTool() => string.IsNullOrEmpty(DotNetHost) ? ToolName : DotNetHost!;

    /// <inheritdoc/>
    protected override string GetWorkingDirectory() => ProjectDirectory;

    /// <inheritdoc/>
    protected override ProcessStartInfo GetProcessStartInfo(string pathToTool, string commandLineCommands, string responseFileSwitch)
    {
        var start = base.GetProcessStartInfo(pathToTool, commandLineCommands, responseFileSwitch);
        // Not in the response file, which stays in obj: an address may hold a password.
        start.Environment["GptqRemoteCache"] = RemoteCache ?? "";
        start.Environment["GptqRemoteCacheReadOnly"] = RemoteCacheReadOnly ?? "";
        return start;
    }

    /// <inheritdoc/>
    protected override string GenerateCommandLineCommands()
    {
        var commandLine = new CommandLineBuilder();
        commandLine.AppendSwitch("exec");
        commandLine.AppendFileNameIfNotNull(Engine);
        commandLine.AppendSwitch("quantize");
        commandLine.AppendSwitchIfNotNull("@", _model.ResponseFile);
        return commandLine.ToString();
    }

    /// <inheritdoc/>
    protected override int ExecuteTool(string pathToTool, string responseFileCommands, string commandLineCommands)
    {
        if (!ShowSteps || BuildEngine is not IBuildEngine3 build) return RunEngine();
        _steps = new TerminalSteps(build, Path.Combine(_context.IntermediateDirectory, $".steps-{Guid.NewGuid():N}"), _model.Name);
        var engine = System.Threading.Tasks.Task.Run(RunEngine);
        _steps.ShowDuring(engine, () =>
        {
            while (_unread.TryDequeue(out var line)) Read(line);
        });
        return engine.GetAwaiter().GetResult();

        int RunEngine()
        {
            var exitCode = base.ExecuteTool(pathToTool, responseFileCommands, commandLineCommands);
            if (exitCode == 0) Remember();
            // Now, for those who wait can be what keeps MSBuild from getting back to a step.
            _building.Dispose();
            return exitCode;
        }
    }

    /// <inheritdoc/>
    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        if (_steps is null)
        {
            Read(singleLine);
            return;
        }
        // Not on the build's thread, and it may be building a step: said later.
        _unread.Enqueue(singleLine);
        if (EngineLine.Parse(singleLine) is EngineLine.Progress progress && _shown.Report(progress) is { } text) _steps.Next(text);
    }

    private void Read(string singleLine)
    {
        switch (EngineLine.Parse(singleLine))
        {
            case EngineLine.Progress progress:
                if (_phases.Report(progress) is { } report) Log.LogMessage(MessageImportance.High, "{0}: {1}", _model.Name, report);
                break;
            case EngineLine.Diagnostic diagnostic:
                new ItemLog(Log, Model).Pass(diagnostic);
                break;
            default:
                if (_lastLines.Count == KeptLines) _lastLines.Dequeue();
                if (singleLine.Trim().Length > 0) _lastLines.Enqueue(singleLine);
                Log.LogMessage(MessageImportance.Low, "{0}", singleLine);
                break;
        }
    }

    /// <inheritdoc/>
    protected override bool HandleTaskExecutionErrors()
    {
        if (!Log.HasLoggedErrors && !_cancelled.Task.IsCompleted)
            new ItemLog(Log, Model).Error("GPTQ1014", string.Format(CultureInfo.InvariantCulture, "The engine ended with exit code {0} and named no reason. Its last words: {1}",
                ExitCode, _lastLines.Count == 0 ? "none" : string.Join(Environment.NewLine, _lastLines)));
        return false;
    }

    private bool Quantize()
    {
        Log.LogMessage(MessageImportance.High, "{0}: quantizing, {1}.", _model.Name, Model.GetMetadata("StaleBecause"));
        File.Delete(_model.ManifestFile);
        using var self = Process.GetCurrentProcess();
        ResponseFile.Write(_model.ResponseFile, ResponseFile.Tokens(_model, _context, self.Id));
        using var cores = BuildCores.Request(BuildEngine);
        EnvironmentVariables = cores.Count > 0 && cores.Count < Environment.ProcessorCount
            ? ["DOTNET_PROCESSOR_COUNT=" + cores.Count.ToString(CultureInfo.InvariantCulture)] : [];
        // Steps are projects. A task that yields can't have projects built (they yield themselves); one that holds cores can, but MSBuild may then have no slot for them.
        YieldDuringToolExecution = !ShowSteps;
        if (ShowSteps) cores.Dispose();
        if (!base.Execute()) return false;
        if (_brokenWord is not null) new ItemLog(Log, Model).Error("GPTQ1016", $"The engine's list of what it wrote does not hold: {_brokenWord}");
        else if (_phases.Summary() is { Length: > 0 } summary) Log.LogMessage(MessageImportance.Normal, "{0}: {1}.", _model.Name, summary);
        return _brokenWord is null;
    }

    /// <summary>Keeps what the result depends on. Says nothing to the build, which may be building a step.</summary>
    private void Remember()
    {
        try
        {
            var manifest = ModelManifest.Read(_model.ManifestFile, _model.OutputDirectory);
            if (_model.Directory is not null)
            {
                ModelState.Write(_model.StateFile, _fingerprint, manifest.Files, []);
                return;
            }
            // Only the engine knew where the checkpoint is, and it may be on this machine only now: look again, as the next build will.
            ModelState.Write(_model.StateFile, _fingerprint, manifest.Files, manifest.Inputs);
            var now = ModelFingerprint.Of(QuantizedModel.From(_model.ProjectItem, _context), ModelState.Read(_model.StateFile), _context);
            ModelState.Write(_model.StateFile, now, manifest.Files, manifest.Inputs);
        }
        catch (InvalidDataException exception)
        {
            _brokenWord = exception.Message;
        }
    }

    private FileStream? WaitForOtherBuilds()
    {
        var engine = BuildEngine as IBuildEngine3;
        var yielded = false;
        try
        {
            return FileLock.Acquire(_model.LockFile, _cancelled.Task, () =>
            {
                Log.LogMessage(MessageImportance.High, "{0}: waiting, another build of this project is quantizing it.", _model.Name);
                engine?.Yield();
                yielded = engine is not null;
            });
        }
        finally
        {
            if (yielded) engine!.Reacquire();
        }
    }
}
