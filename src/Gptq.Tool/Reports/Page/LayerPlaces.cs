using System.Text.RegularExpressions;
using Gptq.Tool.Models;

namespace Gptq.Tool.Reports.Page;

/// <summary>Where layers stand: in which block, and as what in it.</summary>
internal sealed partial class LayerPlaces
{
    private LayerPlaces(IReadOnlyList<IReadOnlyList<BundleDescription.Layer>> blocks, IReadOnlyList<string> kinds, Dictionary<(int Block, string Kind), BundleDescription.Layer> places)
    {
        Blocks = blocks;
        Kinds = kinds;
        _places = places;
    }

    private readonly Dictionary<(int Block, string Kind), BundleDescription.Layer> _places;

    /// <summary>The layers of each block; those outside the blocks (head, embedding) are in none.</summary>
    public IReadOnlyList<IReadOnlyList<BundleDescription.Layer>> Blocks { get; }

    /// <summary>The names of layers within a block, in the order in which they come.</summary>
    public IReadOnlyList<string> Kinds { get; }

    /// <summary>Finds out from names: a block's layers are named "….5.…".</summary>
    public static LayerPlaces Of(IReadOnlyList<BundleDescription.Layer> layers)
    {
        var places = new Dictionary<(int Block, string Kind), BundleDescription.Layer>();
        foreach (var layer in layers)
        {
            if (NumberedName().Match(layer.Name) is { Success: true } match && int.TryParse(match.Groups["block"].ValueSpan, out var block)) places.TryAdd((block, match.Groups["kind"].Value), layer);
        }
        return new LayerPlaces(
            [.. places.GroupBy(place => place.Key.Block).OrderBy(block => block.Key).Select(block => block.Select(place => place.Value).ToList())],
            [.. places.Keys.Select(place => place.Kind).Distinct()],
            places);
    }

    /// <summary>A kind's layers by block; null where a block has none.</summary>
    public IReadOnlyList<BundleDescription.Layer?> Row(string kind)
    {
        var numbers = _places.Keys.Select(place => place.Block).Distinct().Order();
        return [.. numbers.Select(block => _places.GetValueOrDefault((block, kind)))];
    }

    [GeneratedRegex(@"\.(?<block>\d{1,6})\.(?<kind>.+)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex NumberedName();
}
