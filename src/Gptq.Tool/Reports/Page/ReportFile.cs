using Gptq.Quantization.Pipeline;
using Gptq.Tool.Models;

namespace Gptq.Tool.Reports.Page;

/// <summary>Writes report.html beside a result.</summary>
internal static class ReportFile
{
    /// <summary>Writes the page, whole or not at all.</summary>
    /// <param name="path">The file; its folder is made.</param>
    /// <param name="summary">What was made.</param>
    /// <param name="phases">How long it took.</param>
    /// <param name="gate">What measured its quality; null where nothing did.</param>
    public static void Write(string path, QuantizationSummary summary, IReadOnlyList<(string Phase, TimeSpan Time)> phases, QualityGate? gate)
    {
        var files = new DirectoryInfo(summary.OutputDirectory).EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => (Path.GetRelativePath(summary.OutputDirectory, file.FullName), file.Length)).OrderBy(file => file.Item1, StringComparer.Ordinal).ToList();
        var facts = new ReportFacts(summary.Name, BundleDescription.Read(summary.OutputDirectory), files, phases, summary.FromCache, gate?.Result, gate?.TextName);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var partial = path + ".partial";
        File.WriteAllText(partial, ReportPage.Create(facts));
        File.Move(partial, path, overwrite: true);
    }
}
