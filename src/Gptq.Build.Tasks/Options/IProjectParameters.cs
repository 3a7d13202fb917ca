namespace Gptq.Build.Tasks;

/// <summary>The parameters that tasks which look at a model have in common.</summary>
internal interface IProjectParameters
{
    string ProjectDirectory { get; }

    string IntermediateDirectory { get; }

    string Engine { get; }

    string? ModelRoots { get; }
}

/// <summary>Turns task parameters into a <see cref="ProjectContext"/>.</summary>
internal static class ProjectParameters
{
    public static ProjectContext ToContext(this IProjectParameters parameters)
    {
        var project = new ProjectContext(Path.GetFullPath(parameters.ProjectDirectory));
        return new(project.ProjectDirectory)
        {
            IntermediateDirectory = project.FullPath(parameters.IntermediateDirectory),
            Engine = project.FullPath(parameters.Engine),
            ModelRoots = [.. (parameters.ModelRoots ?? "").Split([';'], StringSplitOptions.RemoveEmptyEntries)
                .Select(root => root.Trim()).Where(root => root.Length > 0).Select(project.FullPath)],
        };
    }
}
