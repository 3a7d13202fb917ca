using Microsoft.Playwright;

namespace Gptq.Examples.Tests.Samples;

/// <summary>The sample WebChat, run as its README says, and a browser.</summary>
public sealed class WebChatApp : IAsyncLifetime
{
    private RunningCommand? _app;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where the page is.</summary>
    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>Builds and starts it, slow enough that a text can be stopped.</summary>
    public async ValueTask InitializeAsync()
    {
        using (await RepositoryLock.TakeAsync())
        {
            _app = RunningCommand.Start(
                TestPaths.RepositoryRoot, null, "dotnet", "run", "--project", "samples/WebChat", "--", "--urls", "http://127.0.0.1:0", "--Writer:MostTokensPerSecond", "40", "--Writer:Seed", "1");
            var line = await _app.WaitForLineAsync("Now listening on:", CancellationToken.None);
            Address = new Uri(line.Split("on:")[1].Trim());
        }
        _playwright = await Playwright.CreateAsync();
    }

    /// <summary>A page of a new visitor.</summary>
    internal async Task<IPage> VisitAsync(int width = 1280, ColorScheme scheme = ColorScheme.Light)
    {
        _browser ??= await Browser.StartAsync(_playwright!);
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 800 }, ColorScheme = scheme });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        Assertions.SetDefaultExpectTimeout(20_000);
        await page.GotoAsync(Address.ToString());
        return page;
    }

    /// <summary>Ends both.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        _app?.Dispose();
    }
}
