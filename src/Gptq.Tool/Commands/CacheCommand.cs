using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gptq.Quantization.Caching;

namespace Gptq.Tool.Commands;

/// <summary><c>gptq cache list|prune|clear</c>: looks at the cache of results, and makes room.</summary>
internal static class CacheCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        var folder = new Option<string>("--cache-directory") { Description = "The folder of the cache [default: in the user's cache folder].", Recursive = true };
        var json = new Option<bool>("--json") { Description = "JSON instead of text.", Recursive = true };
        return new Command("cache", "Lists, prunes or clears the cache of quantized models.")
        {
            folder, json, List(folder, json), Prune(folder, json), Clear(folder, json),
        };
    }

    private static Command List(Option<string> folder, Option<bool> json)
    {
        var command = new Command("list", "Lists the results in the cache, those used last first.");
        command.SetAction(result =>
        {
            using var cache = Open(result.GetValue(folder));
            var output = result.InvocationConfiguration.Output;
            output.WriteLine(result.GetValue(json) ? ToJson(cache).ToJsonString(Indented) : ToText(cache));
        });
        return command;
    }

    private static Command Prune(Option<string> folder, Option<bool> json)
    {
        var limit = new Option<long>("--limit")
        {
            Description = "What may stay, such as 20GB.",
            DefaultValueFactory = _ => ResultCacheOptions.DefaultSizeLimit,
            CustomParser = result => Parse(result, ByteSize.TryParse, "a size such as 20GB"),
        };
        var unusedFor = new Option<TimeSpan?>("--unused-for")
        {
            Description = "Remove what was not used for longer, such as 30d, 12h or 90m.",
            CustomParser = result => Parse(result, Age.TryParse, "a time such as 30d, 12h or 90m"),
        };
        var command = new Command("prune", "Removes the results not used for longest, and what killed processes left. Results in use stay.") { limit, unusedFor };
        command.SetAction(result =>
        {
            using var cache = Open(result.GetValue(folder));
            var report = cache.Prune(result.GetValue(limit), result.GetValue(unusedFor));
            result.InvocationConfiguration.Output.WriteLine(Describe(report, result.GetValue(json)));
        });
        return command;
    }

    private static Command Clear(Option<string> folder, Option<bool> json)
    {
        var command = new Command("clear", "Removes all results, journals and remembered digests. What is in use stays.");
        command.SetAction(result =>
        {
            using var cache = Open(result.GetValue(folder));
            result.InvocationConfiguration.Output.WriteLine(Describe(cache.Clear(), result.GetValue(json)));
        });
        return command;
    }

    private static ResultCache Open(string? folder) => new(new() { Folder = folder });

    private static string ToText(ResultCache cache)
    {
        var entries = cache.List();
        if (entries.Count == 0)
            return $"No results in {cache.Folder}.";
        var lines = entries.Select(entry => string.Create(
            CultureInfo.InvariantCulture,
            $"{entry.Key.Hex[..12]}  {ByteSize.Format(entry.Size),9}  {entry.LastUsed.ToLocalTime():yyyy-MM-dd HH:mm}  {entry.Metadata.GetValueOrDefault("model", "?")}"));
        var total = $"{entries.Count} {(entries.Count == 1 ? "result" : "results")}, {ByteSize.Format(entries.Sum(entry => entry.Size))} in {cache.Folder}";
        return string.Join(Environment.NewLine, ["key           size       last used         model", .. lines, total]);
    }

    private static JsonObject ToJson(ResultCache cache) => new()
    {
        ["folder"] = cache.Folder,
        ["entries"] = new JsonArray([.. cache.List().Select(entry => new JsonObject
        {
            ["key"] = entry.Key.Hex,
            ["size"] = entry.Size,
            ["lastUsed"] = entry.LastUsed.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            ["metadata"] = new JsonObject(entry.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        })]),
    };

    private static string Describe(PruneReport report, bool json) => json
        ? new JsonObject
        {
            ["removed"] = report.Removed,
            ["freedBytes"] = report.FreedBytes,
            ["inUse"] = report.InUse,
            ["remainingBytes"] = report.RemainingBytes,
        }.ToJsonString(Indented)
        : $"Removed {report.Removed} ({ByteSize.Format(report.FreedBytes)}); {ByteSize.Format(report.RemainingBytes)} remain."
            + (report.InUse > 0 ? $" {report.InUse} in use stay." : "");

    private static T Parse<T>(ArgumentResult result, Func<string, T?> parse, string expected)
        where T : struct
    {
        var text = result.Tokens[0].Value;
        if (parse(text) is { } value)
            return value;
        result.AddError($"'{text}' is not {expected}.");
        return default;
    }
}
