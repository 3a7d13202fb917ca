using System.Globalization;
using System.Text;

namespace Gptq.Build.Tasks;

/// <summary>What is remembered of a finished quantization, in obj/gptq/name.state: a line for everything it depended on, then one for each file it made.</summary>
/// <remarks>Plain lines instead of one digest, so that the build can say what changed, and cost no more than a read to compare.</remarks>
internal sealed class ModelState
{
    private const string Header = "gptq-state 1";
    private const string Output = "output ";
    private const string Input = "input ";

    private ModelState(IReadOnlyList<string> fingerprint, IReadOnlyList<ModelFile> outputs, IReadOnlyList<string> inputs)
    {
        Fingerprint = fingerprint;
        Outputs = outputs;
        Inputs = inputs;
    }

    /// <summary>A line for each option and for each file that was read.</summary>
    public IReadOnlyList<string> Fingerprint { get; }

    /// <summary>The files that ship, relative to the model's folder.</summary>
    public IReadOnlyList<ModelFile> Outputs { get; }

    /// <summary>The files that the engine read of a checkpoint that only it could find.</summary>
    public IReadOnlyList<string> Inputs { get; }

    /// <summary>Reads a state file; null when there is none or it is not whole.</summary>
    public static ModelState? Read(string path)
    {
        if (!File.Exists(path)) return null;
        var lines = File.ReadAllLines(path);
        if (lines.Length < 2 || lines[0] != Header || lines[lines.Length - 1] != "end") return null;
        List<string> fingerprint = [], inputs = [];
        List<ModelFile> outputs = [];
        foreach (var line in lines.Skip(1).Take(lines.Length - 2))
        {
            if (line.StartsWith(Input, StringComparison.Ordinal))
            {
                inputs.Add(line.Substring(Input.Length));
                continue;
            }
            if (!line.StartsWith(Output, StringComparison.Ordinal))
            {
                fingerprint.Add(line);
                continue;
            }
            var space = line.IndexOf(' ', Output.Length);
            if (space < 0 || !long.TryParse(line.Substring(Output.Length, space - Output.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                return null;
            outputs.Add(new(line.Substring(space + 1), size));
        }
        return new(fingerprint, outputs, inputs);
    }

    /// <summary>Writes a state file so that no reader sees half of it.</summary>
    public static void Write(string path, IEnumerable<string> fingerprint, IEnumerable<ModelFile> outputs, IEnumerable<string> inputs)
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (var line in fingerprint) text.Append(line).Append('\n');
        foreach (var input in inputs) text.Append(Input).Append(input).Append('\n');
        foreach (var file in outputs) text.Append(Output).Append(file.Size.ToString(CultureInfo.InvariantCulture)).Append(' ').Append(file.Path).Append('\n');
        text.Append("end\n");
        AtomicFile.Write(path, text.ToString());
    }

    /// <summary>Why a result does not stand any more, in words; null when it does.</summary>
    public string? WhyStale(IReadOnlyList<string> now, QuantizedModel model)
    {
        var before = new HashSet<string>(Fingerprint, StringComparer.Ordinal);
        var change = now.FirstOrDefault(line => !before.Contains(line));
        if (change is null)
        {
            var after = new HashSet<string>(now, StringComparer.Ordinal);
            change = Fingerprint.FirstOrDefault(line => !after.Contains(line));
        }
        if (change is not null) return ModelFingerprint.Describe(change);
        foreach (var file in Outputs)
        {
            var written = new FileInfo(Path.Combine(model.OutputDirectory, file.Path));
            if (!written.Exists || written.Length != file.Size) return $"the result's {file.Path} is missing or was changed";
        }
        return File.Exists(model.ReportFile) ? null : "its report is missing";
    }
}
