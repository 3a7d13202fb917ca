using System.Globalization;
using Gptq.Tool.Models;
using static Gptq.Tool.Reports.Page.HtmlWriter;

namespace Gptq.Tool.Reports.Page;

/// <summary>The pictures of a report: SVG in percent of the page's width, so that they fit every screen without a script.</summary>
internal static class ReportCharts
{
    private const int Steps = 7;
    private const int Height = 150;
    private const double Gap = 0.18;

    /// <summary>The loss of each block's layers, as the solver left it and as refinement did.</summary>
    public static void WriteLoss(HtmlWriter html, LayerPlaces places)
    {
        var blocks = places.Blocks.Select(layers => (
            Left: layers.Sum(layer => layer.Loss ?? 0),
            Before: layers.Sum(layer => layer.Refined is > 0 and { } share ? (layer.Loss ?? 0) / share : layer.Loss ?? 0))).ToList();
        var most = blocks.Max(block => block.Before);
        if (!(most > 0)) return;

        html.Open("section").Element("h2", "Loss over the blocks");
        html.Element("p", "The squared error of the outputs of a block's layers on a calibration sequence, on average.");
        html.Open("div", "chart").Open("div", "scale", ("aria-hidden", "true"));
        foreach (var tick in (double[])[1, 0.5, 0]) html.Element("span", Compact(most * tick));
        html.Close("div");
        html.Open("svg", null, ("height", Text(Height)), ("role", "img"), ("aria-label", "Loss of each block, before and after refinement"));
        foreach (var tick in (double[])[0, 0.5, 1]) html.Shape("line", "grid", ("x1", "0"), ("x2", "100%"), ("y1", Percent(tick)), ("y2", Percent(tick)));
        for (var block = 0; block < blocks.Count; block++)
        {
            var (left, before) = blocks[block];
            Column(html, "faint", block, blocks.Count, before / most, $"block {block}: {Compact(before)} as solved, {Compact(left)} refined");
            Column(html, "mark", block, blocks.Count, left / most, $"block {block}: {Compact(left)}");
        }
        html.Close("svg");
        WriteAxis(html, blocks.Count);
        html.Close("div").Open("div", "key").Open("span").Raw("<i class=\"mark\"></i>").Text("what is left").Close("span");
        if (blocks.Any(block => block.Before > block.Left)) html.Open("span").Raw("<i class=\"faint\"></i>").Text("what refinement took away").Close("span");
        html.Close("div").Close("section");
    }

    /// <summary>The error of each layer, one strip a kind.</summary>
    public static void WriteErrors(HtmlWriter html, LayerPlaces places)
    {
        var errors = places.Blocks.SelectMany(layers => layers).Select(layer => layer.RelativeError).OfType<double>().ToList();
        if (errors.Count == 0) return;
        var (least, most) = (errors.Min(), errors.Max());
        html.Open("section").Element("h2", "Error of every layer");
        html.Element("p", "The error of a layer's outputs on the calibration text, as a share of the outputs. Blocks from left to right.");
        WriteStrips(
            html, places,
            layer => layer.RelativeError is { } error ? Step(most > least ? (error - least) / (most - least) : 0.5) : null,
            layer => layer.RelativeError is { } error ? ReportPage.Percent(error) : layer.Method);
        html.Open("div", "ramp").Element("span", ReportPage.Percent(least)).Open("b");
        for (var step = 0; step < Steps; step++) html.Raw($"<i class=\"f{Text(step)}\"></i>");
        html.Close("b").Element("span", ReportPage.Percent(most)).Close("div").Close("section");
    }

    /// <summary>The width of each layer, where they differ.</summary>
    public static void WriteWidths(HtmlWriter html, LayerPlaces places)
    {
        var layers = places.Blocks.SelectMany(block => block).ToList();
        if (layers.DistinctBy(layer => layer.Form).Count() < 2) return;
        var widths = layers.GroupBy(layer => layer.StoredBits).OrderBy(width => width.Key).ToList();
        var shades = widths.Select((width, index) => (width.Key, Shade: widths.Count == 1 ? Steps / 2 : index * (Steps - 1) / (widths.Count - 1))).ToDictionary(shade => shade.Key, shade => shade.Shade);
        html.Open("section").Element("h2", "Bits of every layer");
        html.Element("p", "Bits of a code, and behind the g how many columns share a scale.");
        WriteStrips(html, places, layer => shades[layer.StoredBits], layer => layer.Form);
        html.Open("div", "key");
        foreach (var width in widths)
        {
            var forms = width.GroupBy(layer => layer.Form).OrderByDescending(form => form.First().GroupSize).Select(form => $"{Text(form.Count())} × {form.Key}");
            html.Open("span").Raw($"<i class=\"f{Text(shades[width.Key])}\"></i>").Text(string.Join(", ", forms)).Close("span");
        }
        html.Close("div").Close("section");
    }

    /// <summary>A bar across a table's cell.</summary>
    public static void WriteBar(HtmlWriter html, double share)
    {
        html.Open("svg", null, ("height", "8"), ("aria-hidden", "true")).Shape("rect", "track", ("width", "100%"), ("height", "8"), ("rx", "2"));
        html.Shape("rect", "mark", ("width", Percent(share)), ("height", "8"), ("rx", "2")).Close("svg");
    }

    private static void WriteStrips(HtmlWriter html, LayerPlaces places, Func<BundleDescription.Layer, int?> shade, Func<BundleDescription.Layer, string> say)
    {
        html.Open("div", "strips");
        foreach (var kind in places.Kinds)
        {
            var row = places.Row(kind);
            html.Element("span", kind).Open("svg", null, ("height", "22"), ("role", "img"), ("aria-label", kind));
            for (var block = 0; block < row.Count; block++)
            {
                if (row[block] is not { } layer || shade(layer) is not { } step) continue;
                html.Open("rect", $"f{Text(step)}", ("x", Percent((double)block / row.Count)), ("width", Percent(0.96 / row.Count)), ("height", "22"), ("rx", "2"));
                html.Element("title", $"{layer.Name}: {say(layer)}").Close("rect");
            }
            html.Close("svg");
        }
        html.Open("span").Close("span").Open("div", "axis");
        WriteEnds(html, places.Blocks.Count);
        html.Close("div").Close("div");
    }

    private static void Column(HtmlWriter html, string shade, int block, int count, double share, string say)
    {
        html.Open(
            "rect", shade, ("x", Percent((block + (Gap / 2)) / count)), ("width", Percent((1 - Gap) / count)), ("y", Percent(1 - share)), ("height", Percent(share)), ("rx", "2"));
        html.Element("title", say).Close("rect");
    }

    private static void WriteAxis(HtmlWriter html, int count)
    {
        html.Open("div", "axis");
        WriteEnds(html, count);
        html.Close("div");
    }

    private static void WriteEnds(HtmlWriter html, int count)
    {
        html.Element("span", "block 0");
        if (count > 1) html.Element("span", $"block {Text(count - 1)}");
    }

    private static int Step(double share) => Math.Clamp((int)(share * Steps), 0, Steps - 1);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Compact(double value) => value switch
    {
        0 => "0",
        >= 1e6 or < 1e-2 => value.ToString("0.0e+0", CultureInfo.InvariantCulture),
        >= 1e4 => (value / 1e3).ToString("0", CultureInfo.InvariantCulture) + " k",
        >= 1e2 => value.ToString("0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
