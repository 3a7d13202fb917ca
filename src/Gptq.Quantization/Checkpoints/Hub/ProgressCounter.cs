namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Adds up what several transfers bring.</summary>
internal sealed class ProgressCounter(IProgress<HubProgress>? progress)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);
    private long _done;
    private long _total;

    /// <summary>Expects a file.</summary>
    public void Add(HubFile file)
    {
        lock (_gate)
        {
            // An index may name a file that came before it.
            if (_bytes.TryAdd(file.Name, 0))
            {
                _total += file.Size;
            }
        }
    }

    /// <summary>Says how much of a file is here.</summary>
    public void Set(HubFile file, long bytes)
    {
        HubProgress now;
        lock (_gate)
        {
            _done += bytes - _bytes[file.Name];
            _bytes[file.Name] = bytes;
            now = new HubProgress(file.Name, bytes, file.Size, _done, _total);
        }

        progress?.Report(now);
    }
}
