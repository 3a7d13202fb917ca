using System.Diagnostics;

namespace Gptq.Tool;

/// <summary>Cancels work when the process that asked for it is gone: a build ended by SIGTERM leaves its tools running otherwise.</summary>
internal static class ParentWatch
{
    /// <summary>A token that is cancelled with <paramref name="cancellation"/> or when the process ends.</summary>
    public static CancellationTokenSource Link(int? processId, CancellationToken cancellation)
    {
        var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (processId is { } id) _ = CancelOnExitAsync(id, linked);
        return linked;
    }

    private static async Task CancelOnExitAsync(int id, CancellationTokenSource linked)
    {
        try
        {
            using var parent = Process.GetProcessById(id);
            await parent.WaitForExitAsync(linked.Token).ConfigureAwait(false);
        }
        catch (ArgumentException)
        {
            // Gone before it could be watched.
        }
        catch (OperationCanceledException)
        {
            return;
        }
        try
        {
            await linked.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The work ended at the same moment.
        }
    }
}
