namespace Gptq.Quantization.Allocation;

/// <summary>Picks a form for every layer so that the sum of damages is least and the sum of sizes within a budget: a knapsack with one of several things from each layer.</summary>
internal static class FormSearch
{
    // Sizes are rounded up to a bin, at most 1% of the budget over all layers; what that leaves is filled afterwards.
    private const int BinsPerLayer = 100;
    private const int LeastBins = 4096;

    /// <summary>A form of a layer: what it takes and what it costs.</summary>
    internal readonly record struct Choice(long Bits, double Damage);

    /// <summary>Picks.</summary>
    /// <param name="layers">The choices of each layer, at least one.</param>
    /// <param name="budget">Bits that all may take together; at least the sum of the smallest.</param>
    /// <returns>The index of each layer's choice.</returns>
    public static int[] Pick(IReadOnlyList<IReadOnlyList<Choice>> layers, long budget)
    {
        var least = layers.Sum(choices => choices.Min(choice => choice.Bits));
        ArgumentOutOfRangeException.ThrowIfLessThan(budget, least);
        // Only what a layer takes beyond its smallest form competes for the budget.
        var smallest = layers.Select(choices => choices.Min(choice => choice.Bits)).ToArray();
        var bins = Math.Max(LeastBins, BinsPerLayer * layers.Count);
        var perBin = (double)(budget - least) / bins;
        int Weigh(int layer, Choice choice) => choice.Bits == smallest[layer] ? 0 : (int)Math.Min(bins + 1, Math.Ceiling((choice.Bits - smallest[layer]) / perBin));
        var picks = Knapsack(layers, Weigh, bins);
        Fill(layers, picks, budget);
        return picks;
    }

    // best[b]: the least damage of the layers so far within b bins.
    private static int[] Knapsack(IReadOnlyList<IReadOnlyList<Choice>> layers, Func<int, Choice, int> weigh, int bins)
    {
        var best = new double[bins + 1];
        var next = new double[bins + 1];
        var taken = new byte[layers.Count][];
        for (var layer = 0; layer < layers.Count; layer++)
        {
            taken[layer] = new byte[bins + 1];
            Array.Fill(next, double.PositiveInfinity);
            for (var index = 0; index < layers[layer].Count; index++)
            {
                var choice = layers[layer][index];
                for (var at = weigh(layer, choice); at <= bins; at++)
                {
                    var damage = best[at - weigh(layer, choice)] + choice.Damage;
                    if (damage < next[at]) (next[at], taken[layer][at]) = (damage, (byte)index);
                }
            }
            (best, next) = (next, best);
        }

        var picks = new int[layers.Count];
        var left = bins;
        for (var layer = layers.Count - 1; layer >= 0; layer--)
        {
            picks[layer] = taken[layer][left];
            left -= weigh(layer, layers[layer][picks[layer]]);
        }
        return picks;
    }

    private static void Fill(IReadOnlyList<IReadOnlyList<Choice>> layers, int[] picks, long budget)
    {
        var left = budget - layers.Select((choices, layer) => choices[picks[layer]].Bits).Sum();
        while (true)
        {
            var (bestLayer, bestIndex, bestGain) = (-1, 0, 0.0);
            for (var layer = 0; layer < layers.Count; layer++)
            {
                var now = layers[layer][picks[layer]];
                for (var index = 0; index < layers[layer].Count; index++)
                {
                    var choice = layers[layer][index];
                    var gain = now.Damage - choice.Damage;
                    if (choice.Bits - now.Bits <= left && gain > bestGain) (bestLayer, bestIndex, bestGain) = (layer, index, gain);
                }
            }
            if (bestLayer < 0) return;
            left -= layers[bestLayer][bestIndex].Bits - layers[bestLayer][picks[bestLayer]].Bits;
            picks[bestLayer] = bestIndex;
        }
    }
}
