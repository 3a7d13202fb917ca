namespace Gptq.Quantization.Checkpoints.Locating;

/// <summary>The bare names of the GPTQ paper's model families, as the paper writes them.</summary>
internal static class ModelAliases
{
    private static readonly Dictionary<string, string> Repositories = Build();

    /// <summary>The model's name on the hub: an alias resolved, anything else as it is.</summary>
    public static string Resolve(string name) => Repositories.TryGetValue(name, out var repository) ? repository : name;

    private static Dictionary<string, string> Build()
    {
        var aliases = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var size in new[] { "125m", "350m", "1.3b", "2.7b", "6.7b", "13b", "30b", "66b" })
        {
            aliases.Add($"opt-{size}", $"facebook/opt-{size}");
        }

        foreach (var family in new[] { "bloom", "bloomz" })
        {
            aliases.Add(family, $"bigscience/{family}");
            foreach (var size in new[] { "560m", "1b1", "1b7", "3b", "7b1" })
            {
                aliases.Add($"{family}-{size}", $"bigscience/{family}-{size}");
            }
        }

        return aliases;
    }
}
