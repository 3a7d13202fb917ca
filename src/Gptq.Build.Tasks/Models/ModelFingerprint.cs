namespace Gptq.Build.Tasks;

/// <summary>Everything that a result depends on, one line each; equal lines, equal result.</summary>
internal static class ModelFingerprint
{
    private const string Option = "option ";
    private const string Engine = "engine ";
    private const string Checkpoint = "checkpoint ";
    private const string Text = "text ";

    /// <summary>The lines for a model as things are now. Cheap, offline, writes nothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="state">What is remembered, for a checkpoint that only the engine could find.</param>
    /// <param name="context">The project.</param>
    public static IReadOnlyList<string> Of(QuantizedModel model, ModelState? state, ProjectContext context)
    {
        List<string> lines = [.. OptionLines(model)];
        // With the full path, which has the package's version in it: files of two versions can have one size and time.
        foreach (var file in EngineFiles(context.Engine)) lines.Add(Engine + FileIdentity.Of(file, context));
        if (model.Directory is { } directory)
        {
            foreach (var file in CheckpointFiles.In(directory)) lines.Add(Checkpoint + FileIdentity.Of(file, context));
        }
        else
        {
            foreach (var file in state?.Inputs ?? []) lines.Add(File.Exists(file) ? Checkpoint + FileIdentity.Of(file, context) : $"{Checkpoint}gone {file}");
        }
        foreach (var path in model.TextPaths)
            foreach (var file in FileIdentity.TextFiles(path)) lines.Add(Text + FileIdentity.Of(file, context));
        return lines;
    }

    /// <summary>The files that a result depends on and that exist now, for up-to-date checks.</summary>
    public static IEnumerable<string> Files(QuantizedModel model, ModelState? state) =>
        (model.Directory is { } directory ? CheckpointFiles.In(directory) : state?.Inputs.Where(File.Exists) ?? [])
        .Concat(model.TextPaths.SelectMany(FileIdentity.TextFiles));

    /// <summary>The options alone, to tell whether two items of one name mean the same result.</summary>
    public static string OptionsOf(QuantizedModel model) => string.Join("\n", OptionLines(model));

    /// <summary>A changed line in words.</summary>
    public static string Describe(string line)
    {
        if (line.StartsWith(Option, StringComparison.Ordinal)) return OptionName(line) + " changed";
        if (line.StartsWith(Engine, StringComparison.Ordinal)) return "the engine changed";
        return line.Split([' '], 4).Last() + " changed";
    }

    /// <summary>The metadata that a line of options is of.</summary>
    public static string OptionName(string line) => line.Substring(Option.Length).Split([' '], 2)[0];

    private static IEnumerable<string> OptionLines(QuantizedModel model) =>
        model.Options.Select(option => $"{Option}{option.Option.Metadata} {option.Value}").Concat([$"{Option}Include {model.Directory ?? model.Include}"]);

    private static IEnumerable<string> EngineFiles(string engine)
    {
        var directory = Path.GetDirectoryName(engine);
        if (directory is null || !Directory.Exists(directory)) return [];
        return Directory.EnumerateFiles(directory, "*.dll")
            .Where(file => Path.GetFileName(file).StartsWith("gptq", StringComparison.OrdinalIgnoreCase))
            .OrderBy(file => file, StringComparer.Ordinal);
    }
}
