namespace Gptq.Numerics.Tests;

public sealed class WorkQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void RunsEveryPieceOnce(int threads)
    {
        var runs = new int[1000];
        WorkQueue.Run(runs.Length, With(threads), item => Interlocked.Increment(ref runs[item]));
        Assert.All(runs, count => Assert.Equal(1, count));
        WorkQueue.Run(0, With(threads), _ => Assert.Fail("There is no piece."));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ThrowsWhatTheFirstPieceThatFailedThrew(int threads)
    {
        for (var repetition = 0; repetition < 20; repetition++)
        {
            var exception = Assert.Throws<InvalidDataException>(() => WorkQueue.Run(100, With(threads), item =>
            {
                if (item >= 10) throw new InvalidDataException($"{item}");
            }));
            Assert.Equal("10", exception.Message);
        }
    }

    [Fact]
    public void DisposesWhatThreadsKeep()
    {
        var (made, gone) = (0, 0);
        WorkQueue.Run(50, With(4), () => new Kept(ref made, () => Interlocked.Increment(ref gone)), (_, _) => { });
        Assert.InRange(made, 1, 4);
        Assert.Equal(made, gone);
    }

    private static ParallelOptions With(int threads) => new() { MaxDegreeOfParallelism = threads };

    private sealed class Kept : IDisposable
    {
        private readonly Action _gone;

        public Kept(ref int made, Action gone)
        {
            Interlocked.Increment(ref made);
            _gone = gone;
        }

        public void Dispose() => _gone();
    }
}
