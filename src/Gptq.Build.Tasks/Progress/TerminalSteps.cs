using System.Security;
using Microsoft.Build.Framework;
using SystemTask = System.Threading.Tasks.Task;

namespace Gptq.Build.Tasks;

/// <summary>
/// Shows in the terminal logger how far the engine is. Of all that a task says, that logger shows nothing before its project has ended; of each node it shows
/// which project it is at, which target of it, and for how long. So each step of the engine becomes a project that is named as the model, with
/// one target that is named as the step and lasts as long.
/// </summary>
internal sealed class TerminalSteps
{
    // Marks that a target's name can't have, and what is easiest read instead.
    private static readonly string[][] s_marks = [[".", "·"], ["%", " percent"], ["(", "["], [")", "]"], ["$", ""], ["@", ""], ["*", ""], ["?", ""], [";", ","]];

    private readonly IBuildEngine3 _engine;
    private readonly string _folder;
    private readonly string _model;
    private readonly object _gate = new();
    private bool _changed;
    private volatile string? _next;
    private FileStream? _lasting;

    /// <summary>Prepares.</summary>
    /// <param name="engine">The build.</param>
    /// <param name="folder">A folder for the projects, which is deleted in the end.</param>
    /// <param name="model">The model's name.</param>
    public TerminalSteps(IBuildEngine3 engine, string folder, string model)
    {
        _engine = engine;
        _folder = folder;
        _model = model;
    }

    /// <summary>Ends the step that is shown; the next begins. From any thread: unlike what talks to the build, this never waits.</summary>
    /// <param name="text">What to show.</param>
    public void Next(string text)
    {
        _next = text;
        EndStep();
    }

    /// <summary>Ends the step that is shown, and shows no more.</summary>
    public void End()
    {
        _next = null;
        EndStep();
    }

    /// <summary>Shows steps until some work has ended.</summary>
    /// <param name="work">The work. It must not talk to the build, which listens to nobody while a project of this task is built.</param>
    /// <param name="between">Called between steps, and in the end.</param>
    public void ShowDuring(SystemTask work, Action between)
    {
        work.ContinueWith(_ => EndStep(), TaskScheduler.Default);
        try
        {
            for (var step = 0; !work.IsCompleted; step++)
            {
                WaitForChange();
                between();
                if (_next is { } text && !work.IsCompleted && !Show(text, step, work)) break;
            }
            work.Wait();
        }
        catch (AggregateException)
        {
            // The caller looks at what the work ended with.
        }
        finally
        {
            between();
            if (Directory.Exists(_folder)) Directory.Delete(_folder, true);
        }
    }

    private bool Show(string text, int step, SystemTask work)
    {
        var folder = Path.Combine(_folder, step.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var lasting = Path.Combine(folder, "lasting");
        var project = Path.Combine(folder, _model + ".proj");
        Directory.CreateDirectory(folder);
        File.WriteAllText(project, $"""
            <Project>
              <UsingTask TaskName="{typeof(WaitForStep).FullName}" AssemblyFile="{SecurityElement.Escape(EscapedText.Of(typeof(WaitForStep).Assembly.Location))}" />
              <Target Name="{SecurityElement.Escape(TargetName(text))}">
                <WaitForStep LockFile="{SecurityElement.Escape(EscapedText.Of(lasting))}" />
              </Target>
            </Project>
            """);
        Interlocked.Exchange(ref _lasting, new FileStream(lasting, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
        // It may have ended, or gone on, since it was looked at.
        if (work.IsCompleted || !ReferenceEquals(text, _next)) EndStep();
        return _engine.BuildProjectFilesInParallel([project], [TargetName(text)], [null!], [["TargetFramework"]], [null!], false).Result;
    }

    private void EndStep()
    {
        Interlocked.Exchange(ref _lasting, null)?.Dispose();
        lock (_gate)
        {
            _changed = true;
            Monitor.Pulse(_gate);
        }
    }

    private void WaitForChange()
    {
        lock (_gate)
        {
            while (!_changed) Monitor.Wait(_gate);
            _changed = false;
        }
    }

    private static string TargetName(string text)
    {
        foreach (var mark in s_marks) text = text.Replace(mark[0], mark[1]);
        return text;
    }
}
