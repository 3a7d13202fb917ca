namespace Gptq.Build.Tasks;

/// <summary>An option that a project sets, with its value as the engine sees it.</summary>
/// <remarks>A class, as everything that runs in each build here: collections of structs would be compiled anew, which costs more than the work.</remarks>
internal sealed class ModelOptionValue(ModelOption option, string value)
{
    public ModelOption Option { get; } = option;

    public string Value { get; } = value;
}
