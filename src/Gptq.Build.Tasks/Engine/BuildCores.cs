using Microsoft.Build.Framework;

namespace Gptq.Build.Tasks;

/// <summary>The cores that a build gives to the engine.</summary>
internal sealed class BuildCores : IDisposable
{
    private readonly IBuildEngine9? _build;
    private int _held;

    private BuildCores(IBuildEngine9? build, int held)
    {
        _build = build;
        _held = held;
        Count = held;
    }

    /// <summary>How many the engine may use; 0 where the build does not count them.</summary>
    public int Count { get; }

    /// <summary>Asks for all.</summary>
    public static BuildCores Request(IBuildEngine build)
    {
        try
        {
            if (build is not IBuildEngine9 counting) return new(null, 0);
            var cores = counting.RequestCores(Environment.ProcessorCount);
            // One is what every task has; asking again waits until another model's engine gives its cores back. On one core this model would take days.
            if (cores == 1 && Environment.ProcessorCount > 1) cores += counting.RequestCores(Environment.ProcessorCount - 1);
            return new(counting, cores);
        }
        catch (NotImplementedException)
        {
            // What MSBuild's task hosts in other processes answer: they have the interface, but there is nobody to ask for cores.
            return new(null, 0);
        }
    }

    /// <summary>Gives them back; once.</summary>
    public void Dispose()
    {
        if (_held > 0) _build!.ReleaseCores(_held);
        _held = 0;
    }
}
