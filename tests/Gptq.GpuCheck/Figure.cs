using System.Text.Json.Nodes;

namespace Gptq.GpuCheck;

/// <summary>What a check found: one line of JSON.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Passed">Whether it holds; null for a figure that nothing depends on.</param>
/// <param name="Values">The numbers.</param>
internal sealed record Figure(string Name, bool? Passed, JsonObject Values)
{
    /// <summary>The line.</summary>
    public string ToLine()
    {
        var line = new JsonObject { ["figure"] = Name };
        if (Passed is { } passed) line["passed"] = passed;
        foreach (var (key, value) in Values) line[key] = value?.DeepClone();
        return line.ToJsonString();
    }
}
