using System.Globalization;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Gptq.Build.Tasks;

/// <summary>Says what is wrong with a model at the place of its item in the project.</summary>
internal sealed class ItemLog
{
    private readonly TaskLoggingHelper _log;
    private readonly string _checkpoint;
    private readonly string _file;
    private readonly int _line;

    /// <summary>Looks the place up.</summary>
    /// <param name="log">The task's log.</param>
    /// <param name="model">An item of <see cref="ResolveQuantizeModels.ResolvedModels"/>.</param>
    public ItemLog(TaskLoggingHelper log, ITaskItem model)
    {
        _log = log;
        _checkpoint = model.GetMetadata("Checkpoint");
        _file = model.GetMetadata("DefinedIn");
        _line = int.TryParse(model.GetMetadata("DefinedAtLine"), NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? line : 0;
    }

    /// <summary>An error of the build's own.</summary>
    public void Error(string code, string message) => _log.LogError(null, code, null, _file, _line, 0, 0, 0, "QuantizeModel '{0}': {1}", _checkpoint, message);

    /// <summary>A warning of the build's own.</summary>
    public void Warning(string code, string message) => _log.LogWarning(null, code, null, _file, _line, 0, 0, 0, "QuantizeModel '{0}': {1}", _checkpoint, message);

    /// <summary>What the engine said; at the file that it named, when it did.</summary>
    public void Pass(EngineLine.Diagnostic diagnostic)
    {
        var (file, line) = diagnostic.File.Length > 0 ? (diagnostic.File, diagnostic.Line) : (_file, _line);
        if (diagnostic.IsError) _log.LogError(null, diagnostic.Code, null, file, line, 0, 0, 0, "QuantizeModel '{0}': {1}", _checkpoint, diagnostic.Text);
        else _log.LogWarning(null, diagnostic.Code, null, file, line, 0, 0, 0, "QuantizeModel '{0}': {1}", _checkpoint, diagnostic.Text);
    }
}
