using System.IO.Compression;
using System.Text;

namespace Gptq.Build.Tests.Integration;

/// <summary>How a project names the cache that machines share.</summary>
[Trait("Category", "Integration")]
public sealed class RemoteCacheTests
{
    [Fact]
    public void Address_and_read_only_are_properties_that_leave_no_password_in_obj()
    {
        using var solution = new TestSolution();
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""", """
            <GptqRemoteCache>https://me:s3cret@cache.example/gptq</GptqRemoteCache>
            <GptqRemoteCacheReadOnly>true</GptqRemoteCacheReadOnly>
            """);

        solution.Build().Succeeded();

        var run = Assert.Single(solution.EngineRuns());
        Assert.Equal(("https://me:s3cret@cache.example/gptq", "true"), (run["$GptqRemoteCache"], run["$GptqRemoteCacheReadOnly"]));
        Assert.All(Directory.GetFiles(solution["obj"], "*", SearchOption.AllDirectories),
            file => Assert.DoesNotContain("s3cret", File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Fact]
    public void A_project_overrules_the_environment()
    {
        using var solution = new TestSolution();
        solution.Environment["GptqRemoteCache"] = "https://cache.example";
        solution.Environment["GptqRemoteCacheReadOnly"] = "true";
        solution.AddCheckpoint("models/other");
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");
        solution.Build().Succeeded();
        solution.WriteApp("""<QuantizeModel Include="models/other" />""", "<GptqRemoteCache></GptqRemoteCache><GptqRemoteCacheReadOnly>false</GptqRemoteCacheReadOnly>");
        solution.Build().Succeeded();

        Assert.Equal(["https://cache.example true", " false"], solution.EngineRuns().Select(run => $"{run["$GptqRemoteCache"]} {run["$GptqRemoteCacheReadOnly"]}"));
    }

    [Fact]
    public void Credentials_in_the_environment_stand_in_no_file_of_the_build()
    {
        using var solution = new TestSolution();
        solution.Environment["GptqRemoteCache"] = "https://cache.example";
        solution.Environment["GPTQ_REMOTE_CACHE_USER"] = "u5er";
        solution.Environment["GPTQ_REMOTE_CACHE_PASSWORD"] = "s3cret";
        solution.Environment["GPTQ_REMOTE_CACHE_TOKEN"] = "t0ken";
        solution.WriteApp("""<QuantizeModel Include="models/tiny" />""");

        solution.Build().Succeeded();

        // Whatever this property says, a text that is in the log is found by this search.
        var log = BinaryLog(solution);
        Assert.Contains("cache.example", log, StringComparison.Ordinal);
        foreach (var secret in (string[])["u5er", "s3cret", "t0ken"])
        {
            Assert.DoesNotContain(secret, log, StringComparison.Ordinal);
            Assert.All(Directory.GetFiles(solution["obj"], "*", SearchOption.AllDirectories),
                file => Assert.DoesNotContain(secret, File.ReadAllText(file), StringComparison.Ordinal));
        }
    }

    private static string BinaryLog(TestSolution solution)
    {
        using var file = new GZipStream(File.OpenRead(Directory.GetFiles(solution.Files.Beside, "*.binlog").Single()), CompressionMode.Decompress);
        using var reader = new StreamReader(file, Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
