using System.Globalization;

namespace Gptq.Build.Tasks;

/// <summary>The engine's arguments, one a line; kept in obj so that a run can be repeated by hand.</summary>
internal static class ResponseFile
{
    /// <summary>The tokens for a model.</summary>
    public static IReadOnlyList<string> Tokens(QuantizedModel model, ProjectContext context, int parentProcess)
    {
        List<string> tokens = [];
        void Add(string name, string value)
        {
            if (value.Length == 0) return;
            tokens.Add(name);
            tokens.Add(value);
        }
        Add("--model", model.Directory ?? model.Include);
        Add("--project-directory", context.ProjectDirectory);
        Add("--model-roots", string.Join(";", context.ModelRoots));
        Add("--download", context.Download);
        Add("--output", model.OutputDirectory);
        Add("--name", model.Name);
        foreach (var option in model.Options) Add(option.Option.Switch, option.Value);
        Add("--cache-directory", context.CacheDirectory);
        Add("--manifest", model.ManifestFile);
        Add("--report", model.ReportFile);
        Add("--parent-process", parentProcess.ToString(CultureInfo.InvariantCulture));
        Add("--progress", "msbuild");
        return tokens;
    }

    /// <summary>Writes tokens as they are: the engine takes each line for one, so that paths need no quoting.</summary>
    public static void Write(string path, IEnumerable<string> tokens) =>
        File.WriteAllText(path, string.Concat(tokens.Select(token => token.Replace("\r", " ").Replace("\n", " ") + "\n")));
}
