namespace Gptq.Build.Tasks;

/// <summary>What the class QuantizedModels says of one model.</summary>
internal sealed class ModelAccessor(string name, string targetPath, string bits)
{
    /// <summary>The name of its class.</summary>
    public string Class { get; } = ClassName.Of(name);

    /// <summary>Its ModelName.</summary>
    public string Name { get; } = name;

    /// <summary>Its folder below the output folder, with forward slashes.</summary>
    public string TargetPath { get; } = targetPath;

    /// <summary>Bits of a weight, as the project has them.</summary>
    public string Bits { get; } = bits;
}
