using System.Globalization;
using System.Reflection;
using Gptq.Tool.Models;

namespace Gptq.Tool.Reports.Page;

/// <summary>report.html: one page, whole in itself, of how a quantization went.</summary>
internal sealed class ReportPage
{
    private readonly ReportFacts _facts;
    private readonly IReadOnlyList<BundleDescription.Layer> _layers;
    private readonly LayerPlaces _places;
    private readonly HtmlWriter _html = new();

    private ReportPage(ReportFacts facts)
    {
        _facts = facts;
        _layers = facts.Model.Layers;
        _places = LayerPlaces.Of(_layers);
    }

    /// <summary>The page's text.</summary>
    public static string Create(ReportFacts facts)
    {
        var page = new ReportPage(facts);
        page.Write();
        return page._html.ToString();
    }

    private void Write()
    {
        _html.Raw("<!DOCTYPE html>\n").Open("html", null, ("lang", "en"), ("xmlns", "http://www.w3.org/1999/xhtml")).Raw("<head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        _html.Element("title", $"{_facts.Name}, quantized").Open("style").Raw(Style()).Close("style").Raw("</head>\n<body><main>\n");
        WriteHead();
        if (_places.Blocks.Count > 0)
        {
            ReportCharts.WriteLoss(_html, _places);
            ReportCharts.WriteErrors(_html, _places);
            ReportCharts.WriteWidths(_html, _places);
        }
        WriteNotes();
        WriteLayers();
        WriteList("Options", null, _facts.Model.Options.Where(option => option.Value.Length > 0).Select(option => (option.Key.Replace('_', ' '), option.Value)));
        WriteList(
            "Time",
            _facts.FromCache ? "The result was in the cache; this is what taking it from there took." : null,
            [.. _facts.Phases.Select(phase => (phase.Phase, Seconds(phase.Time))), ("all", Seconds(TimeSpan.FromTicks(_facts.Phases.Sum(phase => phase.Time.Ticks))))]);
        WriteList("Files", null, _facts.Files.Select(file => (file.Name, ByteSize.Format(file.Bytes))));
        _html.Open("footer").Text($"Gptq.Build {_facts.Model.Engine}. quantization.json beside the model has these numbers for programs.").Close("footer").Raw("</main></body></html>\n");
    }

    private void WriteHead()
    {
        var weights = _layers.Sum(layer => layer.Weights);
        _html.Open("header").Element("h1", _facts.Name);
        _html.Element("p", $"{_facts.Model.Architecture}, {ReportConsole.Count(weights)} weights in {_layers.Count} quantized layers; operators: {_facts.Model.Operators}; calibration: {_facts.Model.Calibration}{(_facts.EvaluationText is { } text ? $"; measured on {text}" : "")}").Close("header");
        _html.Open("dl", "figures");
        Figure("Bits a weight", Number(_facts.Model.BitsPerWeight, "0.00"), null, "with scales and zero points");
        Figure("Size", ByteSize.Format(_facts.Files.Sum(file => file.Bytes)), null, $"{_facts.Files.Count} files");
        if (MeanError(_layers) is { } error) Figure("Error of outputs", Percent(error), null, "of layers, on average");
        if (_facts.Quality is { } quality)
        {
            Figure("Perplexity", Number(quality.Perplexity, "0.00"), null, Change(quality.Perplexity, quality.ReferencePerplexity));
            if (quality.KlDivergence is { } divergence) Figure("KL divergence", Number(divergence, "0.0000"), "nats", "from the float model");
            if (quality.Top1Agreement is { } agreement) Figure("Top-1 agreement", agreement.ToString("0.0%", CultureInfo.InvariantCulture), null, string.Create(CultureInfo.InvariantCulture, $"on {quality.PredictedTokens:N0} tokens"));
        }
        _html.Close("dl");
    }

    private void Figure(string name, string value, string? unit, string? note)
    {
        _html.Open("div").Element("dt", name).Open("dd").Text(value);
        if (unit is not null) _html.Text(" ").Element("small", unit);
        if (note is not null) _html.Element("span", note, "note");
        _html.Close("dd").Close("div");
    }

    private void WriteNotes()
    {
        var warnings = _layers.SelectMany(layer => layer.Warnings.Select(warning => (layer.Name, warning.Code, warning.Message))).ToList();
        var dead = _layers.Where(layer => layer.DeadColumns > 0).ToList();
        Section("What was out of the ordinary", null);
        if (warnings.Count == 0 && dead.Count == 0) _html.Open("div").Text("Nothing. Every Hessian had a factor with the damping that was asked for, and no input was always zero.").Close("div");
        else _html.Open("ul");
        foreach (var code in warnings.GroupBy(warning => warning.Code).OrderBy(code => code.Key, StringComparer.Ordinal))
        {
            var names = code.Select(warning => warning.Name).ToList();
            _html.Open("li").Element("span", code.Key, "warn").Text($" in {names.Count} of {_layers.Count} layers ({Some(names)}). For example: {code.First().Message}").Close("li");
        }
        if (dead.Count > 0) _html.Open("li").Text($"Inputs that were zero in the whole calibration: {dead.Sum(layer => layer.DeadColumns)} in {Some([.. dead.Select(layer => layer.Name)])}. Their weights became zero.").Close("li");
        if (warnings.Count > 0 || dead.Count > 0) _html.Close("ul");
        _html.Close("section");
    }

    private void WriteLayers()
    {
        Section("Layers", "The error is that of the layer's outputs on the calibration text, as a share of them. \"/ rtn\" is the loss by that of rounding to nearest, \"refined\" what refinement left of it.");
        var most = _layers.Max(layer => layer.RelativeError) ?? 0;
        _html.Open("div", "scroll", ("tabindex", "0"), ("role", "region"), ("aria-label", "Layers")).Open("table").Raw("<thead><tr><th>layer</th><th class=\"n wide\">shape</th><th class=\"n\">bits</th><th class=\"n\">error</th><th class=\"wide\"></th><th class=\"n\">/ rtn</th><th class=\"n wide\">refined</th></tr></thead><tbody>\n");
        foreach (var layer in _layers)
        {
            _html.Open("tr").Open("td", layer.Warnings.Count > 0 ? "name warn" : "name").Name(layer.Name).Close("td").Element("td", $"{layer.Rows}×{layer.Columns}", "n wide").Element("td", layer.Form, "n")
                .Element("td", layer.RelativeError is { } error ? Percent(error) : layer.Method, "n").Open("td", "bar wide");
            if (layer.RelativeError is { } share && most > 0) ReportCharts.WriteBar(_html, share / most);
            _html.Close("td").Element("td", Number(layer.LossVersusRtn, "0.000"), "n").Element("td", layer.Refined is { } left ? left.ToString("0%", CultureInfo.InvariantCulture) : "", "n wide").Close("tr");
        }
        _html.Raw("</tbody>").Close("table").Close("div").Close("section");
    }

    private void WriteList(string title, string? introduction, IEnumerable<(string Name, string Value)> entries)
    {
        Section(title, introduction);
        _html.Open("dl", "list");
        foreach (var (name, value) in entries) _html.Open("div").Element("dt", name).Element("dd", value).Close("div");
        _html.Close("dl").Close("section");
    }

    private void Section(string title, string? introduction)
    {
        _html.Open("section").Element("h2", title);
        if (introduction is not null) _html.Element("p", introduction);
    }

    /// <summary>A share as people read it.</summary>
    public static string Percent(double share) => share.ToString(share < 0.1 ? "0.00%" : "0.0%", CultureInfo.InvariantCulture);

    private static double? MeanError(IReadOnlyList<BundleDescription.Layer> layers) => layers.Average(layer => layer.RelativeError);

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static string Seconds(TimeSpan time) => time.TotalMinutes < 10
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min");

    private static string? Change(double now, double? before) => before is { } exact ? string.Create(CultureInfo.InvariantCulture, $"{(now / exact) - 1:+0.00%;-0.00%}, float {exact:0.00}") : null;

    private static string Some(List<string> names) => names.Count <= 3 ? string.Join(", ", names) : $"{names[0]}, {names[1]} and {names.Count - 2} more";

    private static string Style()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!);
        return reader.ReadToEnd();
    }
}
