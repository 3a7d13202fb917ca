using System.Collections;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Gptq.Build.Tests;

/// <summary>The side of MSBuild that a task sees: keeps what is logged.</summary>
internal sealed class RecordingEngine : IBuildEngine
{
    public List<BuildErrorEventArgs> Errors { get; } = [];

    public List<BuildWarningEventArgs> Warnings { get; } = [];

    public bool ContinueOnError => false;

    public int LineNumberOfTaskNode => 0;

    public int ColumnNumberOfTaskNode => 0;

    public string ProjectFileOfTaskNode => "test.csproj";

    /// <summary>An item as a project file would make it.</summary>
    public static TaskItem Item(string include, params (string Name, string Value)[] metadata) =>
        new(include, metadata.ToDictionary(entry => entry.Name, entry => entry.Value));

    public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs) => false;

    public void LogCustomEvent(CustomBuildEventArgs e)
    {
    }

    public void LogErrorEvent(BuildErrorEventArgs e) => Errors.Add(e);

    public void LogMessageEvent(BuildMessageEventArgs e)
    {
    }

    public void LogWarningEvent(BuildWarningEventArgs e) => Warnings.Add(e);
}
