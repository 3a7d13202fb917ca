using System.Reflection;
using System.Runtime.Loader;

namespace Gptq.Build.Tests.Unit;

/// <summary>
/// What packages show to others stands in src/&lt;project&gt;/PublicApi.txt, where a review sees it change. After a change that is meant:
/// <c>GPTQ_UPDATE_PUBLIC_API=1 dotnet test tests/Gptq.Build.Tests --filter PublicApiTests</c>.
/// </summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Assemblies => ["Gptq.Build.Tasks", "Gptq.Numerics", "Gptq.Runtime", "Gptq.Tokenizers"];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void The_surface_is_the_one_that_was_reviewed(string name)
    {
        var file = Path.Combine(TestPaths.RepositoryRoot, "src", name, "PublicApi.txt");
        var surface = string.Concat(PublicSurface.Of(Load(name)).Select(line => line + "\n"));

        if (Environment.GetEnvironmentVariable("GPTQ_UPDATE_PUBLIC_API") == "1") File.WriteAllText(file, surface);

        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), surface);
    }

    [Fact]
    public void Every_packed_library_is_looked_at()
    {
        // The tool, parts that the engine alone loads, and packages without an assembly are nothing to program against.
        string[] others = ["<PackAsTool>", "<EnableDynamicLoading>", "<IncludeBuildOutput>false"];
        var packed = Directory.GetFiles(Path.Combine(TestPaths.RepositoryRoot, "src"), "*.csproj", SearchOption.AllDirectories)
            .Where(project => File.ReadAllText(project) is var text && text.Contains("<IsPackable>true", StringComparison.Ordinal) && !others.Any(other => text.Contains(other, StringComparison.Ordinal)))
            .Select(Path.GetFileNameWithoutExtension);

        Assert.Empty(packed.Except(Assemblies.Select(row => (string?)row.Data)));
    }

    // The engine has all of them beside it, with what they reference.
    private static Assembly Load(string name) => name == "Gptq.Build.Tasks" ? typeof(Tasks.RunQuantization).Assembly : new Engine().LoadFromAssemblyName(new AssemblyName(name));

    private sealed class Engine() : AssemblyLoadContext("engine")
    {
        private readonly AssemblyDependencyResolver _resolver = new(TestSolution.Metadata("Engine"));

        protected override Assembly? Load(AssemblyName assemblyName) => _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;
    }
}
