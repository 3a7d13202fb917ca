using System.Globalization;
using Gptq.Tests;

namespace Gptq.Runtime.Tests.OtherRuntimes;

/// <summary>An application that is published trimmed, or as native code, generates the same text.</summary>
public sealed class PublishedAppTests(QuantizedFolders folders)
{
    [Theory]
    [InlineData("-p:PublishTrimmed=true")]
    [InlineData("-p:PublishAot=true")]
    public async Task Generates_the_same_text(string form)
    {
        using var app = new PackageApp(
            $"""<ProjectReference Include="{Path.Combine(TestPaths.RepositoryRoot, "src", "Gptq.Runtime", "Gptq.Runtime.csproj")}" />""",
            """
            using Gptq.Runtime;

            using var model = QuantizedModel.Open(args[0]);
            var options = new GenerationOptions { MaxNewTokens = int.Parse(args[2]), IgnoreEnd = true };
            Console.WriteLine(string.Join(' ', model.GenerateIds(model.Tokenize(args[1]), options)));
            """);
        var publish = await app.PublishAsync(form, "-p:SelfContained=true", "-p:TrimmerSingleWarn=false");
        Assert.SkipWhen(
            publish.ExitCode != 0 && (publish.Output.Contains("error NU110", StringComparison.Ordinal) || publish.Output.Contains("Platform linker", StringComparison.Ordinal)),
            "The toolchain is not here: " + publish.Output);
        publish.Succeeded();
        Assert.DoesNotContain(": warning", publish.Output, StringComparison.Ordinal);
        var folder = folders.Folder("gptq", 3);

        var run = (await app.RunPublishedAsync(folder, QuantizedFolders.Prompt, QuantizedFolders.TokenCount.ToString(CultureInfo.InvariantCulture))).Succeeded();

        Assert.Equal(QuantizedFolders.Greedy(folder).Continuation, run.Output.Split(' ', StringSplitOptions.TrimEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture)));
    }
}
