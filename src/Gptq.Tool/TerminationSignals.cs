using System.Runtime.InteropServices;

namespace Gptq.Tool;

/// <summary>Ctrl+C and SIGTERM cancel the work, so that it leaves nothing behind; a second one ends the process at once.</summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public TerminationSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
    }

    public CancellationToken Token => _cancellation.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _cancellation.Dispose();
    }

    private void Cancel(PosixSignalContext signal)
    {
        if (_cancellation.IsCancellationRequested) return;
        signal.Cancel = true;
        _cancellation.Cancel();
    }
}
