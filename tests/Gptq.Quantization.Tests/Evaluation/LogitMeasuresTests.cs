using Gptq.Quantization.Evaluation;

namespace Gptq.Quantization.Tests.Evaluation;

public sealed class LogitMeasuresTests
{
    [Fact]
    public void Cross_entropy_of_equal_logits_is_the_logarithm_of_their_number() =>
        Assert.Equal(Math.Log(5), LogitMeasures.CrossEntropy([3, 3, 3, 3, 3], 2), 12);

    [Fact]
    public void Large_logits_do_not_overflow() => Assert.Equal(0, LogitMeasures.CrossEntropy([10_000, 0, -10_000], 0), 12);

    [Fact]
    public void Divergence_is_zero_from_itself_whatever_constant_is_added_and_positive_from_another()
    {
        Assert.Equal(0, LogitMeasures.KlDivergence([1, 2, 3], [11, 12, 13]), 12);
        // p = (3/4, 1/4), q = (1/2, 1/2): KL = 3/4 ln(3/2) + 1/4 ln(1/2).
        Assert.Equal((0.75 * Math.Log(1.5)) + (0.25 * Math.Log(0.5)), LogitMeasures.KlDivergence([MathF.Log(3), 0], [0, 0]), 6);
    }

    [Fact]
    public void Windows_do_not_overlap_and_drop_the_tail() =>
        Assert.Equal([[1, 2, 3], [4, 5, 6]], EvaluationWindows.Cut([1, 2, 3, 4, 5, 6, 7, 8], 3));
}
