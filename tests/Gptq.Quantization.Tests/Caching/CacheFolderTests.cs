using static Gptq.Quantization.Caching.CacheFolder;

namespace Gptq.Quantization.Tests.Caching;

public class CacheFolderTests
{
    private static string Found(CachePlatform platform, string home = "/home/me", params (string Name, string Value)[] environment) => Find(
        name => environment.FirstOrDefault(pair => pair.Name == name).Value, platform, home, localAppData: "/local");

    [Fact]
    public void Named_folder_comes_first() =>
        Assert.Equal("/named", Found(CachePlatform.Xdg, "/home/me", (EnvironmentVariable, "/named"), ("XDG_CACHE_HOME", "/xdg")));

    [Fact]
    public void Linux_follows_xdg()
    {
        Assert.Equal("/xdg/gptq", Found(CachePlatform.Xdg, "/home/me", ("XDG_CACHE_HOME", "/xdg")));
        Assert.Equal("/home/me/.cache/gptq", Found(CachePlatform.Xdg, "/home/me", ("XDG_CACHE_HOME", "relative/is/ignored")));
        Assert.Equal("/home/me/.cache/gptq", Found(CachePlatform.Xdg));
    }

    [Fact]
    public void Others_have_folders_of_their_own()
    {
        Assert.Equal("/home/me/Library/Caches/gptq", Found(CachePlatform.MacOS));
        Assert.Equal("/local/gptq", Found(CachePlatform.Windows));
    }

    [Fact]
    public void Without_a_home_the_temporary_folder_serves() =>
        Assert.StartsWith(Path.GetTempPath(), Found(CachePlatform.Xdg, home: ""), StringComparison.Ordinal);
}
