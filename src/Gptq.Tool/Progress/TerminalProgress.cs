using Gptq.Quantization.Pipeline;
using Spectre.Console;

namespace Gptq.Tool.Progress;

/// <summary>Progress as bars on a terminal, one a phase.</summary>
internal sealed class TerminalProgress(ProgressContext context) : IProgress<PipelineProgress>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PipelinePhase, ProgressTask> _bars = [];

    public void Report(PipelineProgress value)
    {
        lock (_lock)
        {
            if (!_bars.TryGetValue(value.Phase, out var bar)) _bars[value.Phase] = bar = context.AddTask(PlainProgress.Verb(value.Phase), maxValue: Math.Max(1, value.Total));
            bar.MaxValue = Math.Max(1, value.Total);
            bar.Value = value.Total == 0 ? 1 : value.Done;
            bar.Description = Markup.Escape($"{PlainProgress.Verb(value.Phase)} {value.Detail}");
        }
    }

    /// <summary>Whether there is a terminal to draw bars on.</summary>
    public static bool IsTerminal => !Console.IsOutputRedirected;

    /// <summary>Runs work that reports progress: with bars on a terminal, with lines elsewhere.</summary>
    public static async Task<T> RunAsync<T>(bool plain, Func<IProgress<PipelineProgress>, Task<T>> work)
    {
        if (plain || !IsTerminal)
            return await work(new PlainProgress(Console.Out, TimeSpan.FromSeconds(2))).ConfigureAwait(false);
        return await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new TerminalProgress(context)))
            .ConfigureAwait(false);
    }
}
