using Gptq.Quantization.Allocation;
using Choice = Gptq.Quantization.Allocation.FormSearch.Choice;

namespace Gptq.Quantization.Tests.Allocation;

public sealed class FormSearchTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_pick_is_the_best_of_all_picks_within_the_budget(int seed)
    {
        var random = new Random(seed);
        List<IReadOnlyList<Choice>> layers = [];
        for (var layer = 0; layer < 6; layer++)
        {
            var weight = random.Next(1, 20) * 1000L;
            layers.Add([.. new[] { 2, 3, 4, 8 }.Select(bits => new Choice(bits * weight, random.NextDouble() * Math.Pow(4, -bits)))]);
        }
        var (least, most) = (layers.Sum(layer => layer[0].Bits), layers.Sum(layer => layer[^1].Bits));
        var budget = least + ((most - least) * 2 / 5);

        var picks = FormSearch.Pick(layers, budget);

        var (bits, damage) = Sum(layers, picks);
        Assert.InRange(bits, least, budget);
        var best = Enumerable.Range(0, 1 << (2 * layers.Count)).Select(all => Enumerable.Range(0, layers.Count).Select(layer => (all >> (2 * layer)) & 3).ToArray())
            .Select(all => Sum(layers, all)).Where(sum => sum.Bits <= budget).Min(sum => sum.Damage);
        // Sizes are rounded up to a 4096th of what is to be given out.
        Assert.InRange(damage, best, best * 1.02);
    }

    [Fact]
    public void The_smallest_budget_leaves_one_pick() =>
        Assert.Equal([0, 1], FormSearch.Pick([[new(10, 5), new(20, 1)], [new(9, 7), new(8, 9)]], 18));

    [Fact]
    public void A_budget_for_everything_takes_the_best() =>
        Assert.Equal([1, 0], FormSearch.Pick([[new(10, 5), new(20, 1)], [new(9, 7), new(8, 9)]], 29));

    private static (long Bits, double Damage) Sum(List<IReadOnlyList<Choice>> layers, int[] picks) =>
        (picks.Select((pick, layer) => layers[layer][pick].Bits).Sum(), picks.Select((pick, layer) => layers[layer][pick].Damage).Sum());
}
