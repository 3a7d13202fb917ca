using System.Text;

namespace Gptq.Examples.Tests.Docs;

/// <summary>Pieces of C#, each compiled as a method of its own against the packages.</summary>
internal static class CSharpPieces
{
    private static readonly string s_project = $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <NoWarn>$(NoWarn);CS1998</NoWarn>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            <Using Include="Gptq.Runtime" />
            <PackageReference Include="Gptq.Runtime" Version="0.1.0" />
            <!-- The engine's library, of which the pages for contributors speak, is no package. -->
            <Reference Include="{TestPaths.RepositoryRoot}/artifacts/bin/Gptq.Tool/{Sandbox.Configuration.ToLowerInvariant()}/Gptq.Quantization.dll" />
          </ItemGroup>
        </Project>
        """;

    /// <summary>Compiles all of a page's; an error names the page and the line.</summary>
    public static async Task CompileAsync(IReadOnlyList<CodeBlock> blocks, string folder, IReadOnlyDictionary<string, string?> environment, CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "pieces.csproj"), s_project, cancellation);
        for (var i = 0; i < blocks.Count; i++) await File.WriteAllTextAsync(Path.Combine(folder, $"Piece{i}.cs"), Source(blocks[i], i), cancellation);
        using var build = RunningCommand.Start(folder, environment, "dotnet", "build", "pieces.csproj", "-nologo", "-tl:off");
        Assert.True(await build.WaitForEndAsync(cancellation) == 0, build.Output);
    }

    private static string Source(CodeBlock block, int index)
    {
        var lines = block.Text.Split('\n').Select((text, i) => (Text: text, Line: block.Line + 1 + i)).ToList();
        var source = new StringBuilder();
        void Add(IEnumerable<(string Text, int Line)> some)
        {
            foreach (var (text, line) in some) source.AppendLine($"#line {line} \"{Path.Combine(TestPaths.RepositoryRoot, block.Page)}\"").AppendLine(text);
        }
        Add(lines.Where(line => IsUsing(line.Text)));
        source.AppendLine($"#line hidden\ninternal static class Piece{index}\n{{\n    public static async Task RunAsync({block["given"]})\n    {{");
        Add(lines.Where(line => !IsUsing(line.Text)));
        return source.AppendLine("#line hidden\n    }\n}").ToString();
    }

    private static bool IsUsing(string line) => line.StartsWith("using ", StringComparison.Ordinal) && line.TrimEnd().EndsWith(';') && !line.Contains('=', StringComparison.Ordinal);
}
