using Gptq.Runtime.Generation;

namespace Gptq.Runtime.Tests.Generation;

public class SamplerTests
{
    private static readonly float[] Logits = [1, 3, 2, -1, 2.5f];

    [Fact]
    public void The_likeliest_token_without_temperature() => Assert.Equal(1, new Sampler(new GenerationOptions(), 5).Next([.. Logits]));

    [Fact]
    public void The_first_of_equals() => Assert.Equal(1, Sampler.IndexOfLargest([float.NaN, 2, 2]));

    [Theory]
    [InlineData(1, 1f, new[] { 1 })]
    [InlineData(2, 1f, new[] { 1, 4 })]
    [InlineData(3, 1f, new[] { 1, 2, 4 })]
    [InlineData(0, 0.3f, new[] { 1 })]
    [InlineData(0, 0.6f, new[] { 1, 4 })]
    [InlineData(3, 0.9f, new[] { 1, 2, 4 })]
    [InlineData(0, 1f, new[] { 0, 1, 2, 3, 4 })]
    public void Only_the_allowed_tokens_are_drawn(int topK, float topP, int[] allowed)
    {
        var sampler = new Sampler(new GenerationOptions { Temperature = 2, TopK = topK, TopP = topP, Seed = 1 }, 5);
        var drawn = Enumerable.Range(0, 3000).Select(_ => sampler.Next([.. Logits])).Distinct().Order();
        Assert.Equal(allowed, drawn);
    }

    [Fact]
    public void Tokens_are_drawn_as_often_as_their_probability_says()
    {
        var sampler = new Sampler(new GenerationOptions { Temperature = 1, Seed = 3 }, 5);
        var counts = new int[5];
        const int Draws = 40_000;
        for (var i = 0; i < Draws; i++) counts[sampler.Next([.. Logits])]++;
        var total = Logits.Sum(logit => Math.Exp(logit));
        for (var token = 0; token < 5; token++) Assert.Equal(Math.Exp(Logits[token]) / total, (double)counts[token] / Draws, 0.01);
    }

    [Fact]
    public void The_penalty_divides_positive_logits_and_multiplies_negative_ones()
    {
        var sampler = new Sampler(new GenerationOptions { RepetitionPenalty = 2 }, 3);
        sampler.Observe(0);
        sampler.Observe(1);
        sampler.Observe(0);
        float[] logits = [4, -1, 1];
        Assert.Equal(0, sampler.Next(logits));
        Assert.Equal([2, -2, 1], logits);
    }

    [Fact]
    public void Logits_that_are_no_numbers_are_never_drawn()
    {
        var sampler = new Sampler(new GenerationOptions { Temperature = 1, Seed = 1 }, 3);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(1, sampler.Next([float.NaN, 1, float.NegativeInfinity])));
    }

    [Fact]
    public void Nothing_is_allocated_per_token()
    {
        var random = new Random(1);
        var source = Enumerable.Range(0, 30_000).Select(_ => (float)(random.NextDouble() * 10)).ToArray();
        var logits = new float[source.Length];
        foreach (var options in new[] { new GenerationOptions { Temperature = 1, TopK = 40, TopP = 0.9f, Seed = 1 }, new GenerationOptions { Temperature = 1, TopP = 0.9f, Seed = 1, RepetitionPenalty = 1.1f } })
        {
            var sampler = new Sampler(options, logits.Length);
            Draw(sampler);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10; i++) Draw(sampler);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
        }

        void Draw(Sampler sampler)
        {
            source.CopyTo(logits, 0);
            sampler.Next(logits);
        }
    }
}
