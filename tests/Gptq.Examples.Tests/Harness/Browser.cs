using Microsoft.Playwright;

namespace Gptq.Examples.Tests;

/// <summary>The Chromium that is installed on this machine, without a window.</summary>
internal static class Browser
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    /// <summary>Starts it; skips the running test, saying so, where there is none.</summary>
    public static async Task<IBrowser> StartAsync(IPlaywright playwright)
    {
        var path = Find();
        Assert.SkipWhen(path is null, "No Chromium on the PATH: its tests need one.");
        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            // Root, as in containers, has no sandbox; the rest keeps it from looking for the network.
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    private static string? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => s_names.Select(name => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name)))
            .FirstOrDefault(File.Exists);
}
