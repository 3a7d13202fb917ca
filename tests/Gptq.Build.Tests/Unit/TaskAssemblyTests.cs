using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Gptq.Build.Tests.Unit;

/// <summary>The tasks are loaded by every MSBuild: the SDK's, and Visual Studio's on the .NET Framework, which brings nothing but itself.</summary>
public sealed class TaskAssemblyTests
{
    [Fact]
    public void It_needs_nothing_but_netstandard_and_msbuild()
    {
        using var stream = File.OpenRead(TestSolution.Metadata("TasksAssembly"));
        using var assembly = new PEReader(stream);
        var metadata = assembly.GetMetadataReader();

        Assert.Equal(
            ["Microsoft.Build.Framework", "Microsoft.Build.Utilities.Core", "netstandard"],
            metadata.AssemblyReferences.Select(reference => metadata.GetString(metadata.GetAssemblyReference(reference).Name)).Order(StringComparer.Ordinal));
        // Visual Studio 2022 and later have these of 15.1, whatever their own version.
        Assert.All(
            metadata.AssemblyReferences.Select(metadata.GetAssemblyReference).Where(reference => metadata.GetString(reference.Name).StartsWith("Microsoft.Build", StringComparison.Ordinal)),
            reference => Assert.Equal(new Version(15, 1, 0, 0), reference.Version));
    }
}
