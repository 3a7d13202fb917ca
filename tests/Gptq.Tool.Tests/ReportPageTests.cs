using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Gptq.Runtime;
using Gptq.Tool.Models;
using Gptq.Tool.Reports.Page;

namespace Gptq.Tool.Tests;

public sealed class ReportPageTests(SampleBundle bundle)
{
    private static readonly XNamespace s_html = "http://www.w3.org/1999/xhtml";

    [Fact]
    public void The_page_of_a_model_names_every_layer_with_its_bits_and_error()
    {
        var model = BundleDescription.Read(bundle.Directory);
        var page = Page(Facts(model));

        var rows = page.Descendants(s_html + "tbody").Single().Elements().Select(row => row.Elements().Select(cell => cell.Value).ToList()).ToList();
        Assert.Equal(model.Layers.Select(layer => layer.Name), rows.Select(row => row[0]));
        Assert.All(rows, row => Assert.Equal("4g128", row[2]));
        Assert.All(rows, row => Assert.Matches(@"^\d+\.\d+%$", row[3]));
        // A rectangle for each layer in the strips; blocks and refinement in the columns.
        var titles = page.Descendants(s_html + "title").Select(title => title.Value).ToList();
        Assert.All(model.Layers, layer => Assert.Contains(titles, title => title.StartsWith(layer.Name + ": ", StringComparison.Ordinal)));
        Assert.Equal(5, titles.Count(title => title.EndsWith("refined", StringComparison.Ordinal)));
        Assert.Contains("GPTQ4010", page.Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_measured_and_how_long_it_took_stand_there()
    {
        var quality = new EvaluationResult(30.5, 4, 1020) { ReferencePerplexity = 30, KlDivergence = 0.0123, Top1Agreement = 0.912 };
        var text = Page(Facts(BundleDescription.Read(bundle.Directory)) with { Quality = quality, EvaluationText = "held-out.txt" }).Root!.Value;

        foreach (var said in (string[])["30.50", "+1.67%, float 30.00", "0.0123", "91.2%", "on 1,020 tokens", "measured on held-out.txt", "quantize12.5 s", "all13.0 s", "model.onnx"])
            Assert.Contains(said, text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_nothing_but_itself()
    {
        var html = ReportPage.Create(Facts(BundleDescription.Read(bundle.Directory)));

        var addresses = Regex.Matches(html, @"[a-z]+://[^""'\s)]+").Select(match => match.Value).Distinct();
        Assert.Equal(["http://www.w3.org/1999/xhtml"], addresses);
        Assert.DoesNotMatch(new Regex(@"<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=", RegexOptions.IgnoreCase), html);
        Assert.Contains("prefers-color-scheme: dark", html, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_checkpoint_calls_itself_is_text_and_no_markup()
    {
        const string Evil = "model.layers.0.<script>alert('x')</script>\"&\u0007";
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(bundle.Directory, "quantization.json")))!;
        json["layers"]![0]!["name"] = Evil;
        json["architecture"] = "<b>opt</b>";
        json["calibration"]!["text"] = "</style><i>";
        var folder = Directory.CreateTempSubdirectory("gptq-report-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "quantization.json"), json.ToJsonString());
            var page = Page(Facts(BundleDescription.Read(folder)) with { Name = "<img src=x>" });

            Assert.Empty(page.Descendants(s_html + "script"));
            Assert.Empty(page.Descendants(s_html + "img"));
            Assert.Equal("<img src=x>", page.Descendants(s_html + "h1").Single().Value);
            Assert.Contains(page.Descendants(s_html + "td"), cell => cell.Value == Evil[..^1]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Quantizing_writes_it_with_what_was_measured()
    {
        var folder = Directory.CreateTempSubdirectory("gptq-report-").FullName;
        try
        {
            // Longer than the model's window of 512.
            var text = Path.Combine(folder, "evaluation.txt");
            File.WriteAllText(text, string.Concat(Enumerable.Repeat("To be, or not to be: that is the question. Whether 'tis nobler in the mind to suffer\n", 40)));
            string[] arguments =
            [
                "quantize", "--model", Gptq.Tests.TestPaths.BardOpt, "--output", Path.Combine(folder, "out", "bard"), "--cache-directory", Path.Combine(folder, "cache"),
                "--calibration-samples", "2", "--sequence-length", "32", "--target-bits-per-weight", "3.5", "--progress", "msbuild", "--report", Path.Combine(folder, "pages", "bard.html"),
            ];
            Assert.Equal(0, (await ToolRun.RunAsync([.. arguments, "--evaluation-data", text])).Exit);

            var page = XDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "pages", "bard.html"), TestContext.Current.CancellationToken)).Root!.Value;
            Assert.Contains("measured on evaluation.txt", page, StringComparison.Ordinal);
            Assert.Contains("Bits of every layer", page, StringComparison.Ordinal);
            Assert.DoesNotContain("in the cache", page, StringComparison.Ordinal);

            // From the cache, without an evaluation, to the same page but for these.
            Assert.Equal(0, (await ToolRun.RunAsync(arguments)).Exit);
            page = XDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "pages", "bard.html"), TestContext.Current.CancellationToken)).Root!.Value;
            Assert.Contains("The result was in the cache", page, StringComparison.Ordinal);
            Assert.DoesNotContain("Perplexity", page, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ReportFacts Facts(BundleDescription model) =>
        new("bard", model, [("model.onnx", 50_000), ("model.onnx.data", 4_000_000)], [("prepare", TimeSpan.FromSeconds(0.5)), ("quantize", TimeSpan.FromSeconds(12.5))], FromCache: false, null, null);

    private static XDocument Page(ReportFacts facts) => XDocument.Parse(ReportPage.Create(facts));
}
