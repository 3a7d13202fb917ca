using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Gptq.Examples.Tests.Samples;

/// <summary>The page of the sample WebChat in a browser, from the first key to the last token.</summary>
public sealed partial class WebChatTests(WebChatApp app) : IClassFixture<WebChatApp>
{
    private const string Answer = ".said:not(.yours)";
    private const string Answered = Answer + ":not(.writing)";

    [Fact]
    public async Task A_line_is_answered_piece_by_piece_and_the_play_goes_on()
    {
        var page = await app.VisitAsync();
        await Assertions.Expect(page.Locator("#model")).ToHaveTextAsync(ModelLine());
        await page.EvaluateAsync("window.growth = new Set(); new MutationObserver(() => growth.add(document.querySelector('.writing')?.textContent.length)).observe(scene, { childList: true, subtree: true })");

        // The cursor waits in the box.
        await page.Keyboard.TypeAsync("What news from Mantua?");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.Locator(Answered)).ToHaveTextAsync(Juliet());
        Assert.True(await page.EvaluateAsync<int>("growth.size") > 3, "The answer came at once.");
        await Assertions.Expect(page.Locator("#numbers")).ToHaveTextAsync(Numbers());
        await Assertions.Expect(page.Locator(".yours")).ToHaveTextAsync("ROMEO (you)What news from Mantua?");

        await page.Keyboard.TypeAsync("Speak on.");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(Answered)).ToHaveCountAsync(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stopping_ends_the_answer_here_and_at_the_server(bool byKey)
    {
        var page = await app.VisitAsync();
        await page.Locator("#cues button").First.ClickAsync();
        await Assertions.Expect(page.Locator("#numbers")).ToHaveTextAsync(Numbers());

        await (byKey ? page.Keyboard.PressAsync("Escape") : page.Locator("#stop").ClickAsync());

        await Assertions.Expect(page.Locator(Answered)).ToHaveClassAsync("said cut");
        await Assertions.Expect(page.Locator("#send")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#line")).ToBeFocusedAsync();
        await page.WaitForFunctionAsync("async () => (await (await fetch('model')).json()).textsInTheMaking === 0");
    }

    [Theory]
    [InlineData(400, ColorScheme.Light)]
    [InlineData(400, ColorScheme.Dark)]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    public async Task The_page_fits_can_be_read_and_asks_nobody_else(int width, ColorScheme scheme)
    {
        var page = await app.VisitAsync(width, scheme);
        var (foreign, complaints) = (new List<string>(), new List<string>());
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(app.Address.ToString(), StringComparison.Ordinal)) foreign.Add(request.Url);
        };
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") complaints.Add(message.Text);
        };
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#model")).ToHaveTextAsync(ModelLine());
        await ScreenshotAsync(page, $"welcome-{width}-{scheme}");
        await page.Locator("#cues button").Last.ClickAsync();
        await Assertions.Expect(page.Locator(Answered)).ToHaveCountAsync(1);
        await page.Locator("#line").FillAsync("A line that is long enough to need more than one row of the box, so that it grows, on a narrow page and on a wide one as well.");
        await ScreenshotAsync(page, $"play-{width}-{scheme}");

        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page scrolls sideways.");
        Assert.Empty(foreign);
        Assert.Empty(complaints);
        foreach (var selector in (string[])["#model", "#keys", "#numbers", ".speaker", Answer, ".yours .speaker", "#send"])
            Assert.True(await page.EvaluateAsync<double>(Contrast, selector) >= 4.5, $"{selector} is too faint.");
    }

    [Fact]
    public async Task A_server_that_is_gone_is_said_and_the_line_can_be_said_again()
    {
        var page = await app.VisitAsync();
        await page.RouteAsync("**/write", route => route.AbortAsync());
        await page.Locator("#line").FillAsync("Who's there?");
        await page.Locator("#send").ClickAsync();
        await Assertions.Expect(page.Locator("#trouble")).ToContainTextAsync("does not answer");

        await Assertions.Expect(page.Locator("#line")).ToHaveValueAsync("Who's there?");
        await Assertions.Expect(page.Locator(".said")).ToHaveCountAsync(0);

        await page.UnrouteAsync("**/write");
        await page.Locator("#send").ClickAsync();
        await Assertions.Expect(page.Locator(Answered)).ToHaveTextAsync(Juliet());
        await Assertions.Expect(page.Locator("#trouble")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Requests_that_make_no_sense_are_refused_and_long_ones_are_cut()
    {
        using var client = new HttpClient { BaseAddress = app.Address };
        var cancellation = TestContext.Current.CancellationToken;

        var empty = await client.PostAsJsonAsync("write", new { text = " " }, cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, empty.StatusCode);
        Assert.Contains("no text", (await empty.Content.ReadFromJsonAsync<JsonElement>(cancellation)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await client.PostAsJsonAsync("write", new { text = new string('a', 100_000) }, cancellation)).StatusCode);

        var scene = string.Concat(Enumerable.Repeat("NURSE:\nGo, girl, seek happy nights to happy days.\n\n", 200));
        foreach (var text in (string[])[scene, scene.Replace('\n', ' ')])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "write") { Content = JsonContent.Create(new { text }) };
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            Assert.Equal("event: piece", await reader.ReadLineAsync(cancellation));
        }
    }

    /// <summary>WCAG's ratio of an element's colour to what is behind it.</summary>
    private const string Contrast = """
        selector => {
          const rgb = color => {
            const canvas = new OffscreenCanvas(1, 1).getContext('2d');
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data];
          };
          const luminance = color => rgb(color).slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
          const element = document.querySelector(selector);
          let behind = element;
          while (rgb(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
          const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(luminance).sort((x, y) => y - x);
          return (a + .05) / (b + .05);
        }
        """;

    private static Task<byte[]> ScreenshotAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(TestPaths.RepositoryRoot, "artifacts", "screenshots", $"webchat-{name}.png") });

    [GeneratedRegex(@"^bard-opt · 4 bits · \d+\.\d MB$")]
    private static partial Regex ModelLine();

    [GeneratedRegex(@"^\d+ tokens/s · \d+ MB of memory$")]
    private static partial Regex Numbers();

    [GeneratedRegex("^JULIET.+")]
    private static partial Regex Juliet();
}
