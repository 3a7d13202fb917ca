using System.Runtime.ExceptionServices;

namespace Gptq.Quantization.Caching;

/// <summary>A parallel loop whose first failure comes out as itself.</summary>
internal static class ParallelWork
{
    public static void For(int count, int maxDegree, Action<int> body, CancellationToken cancellationToken)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = maxDegree, CancellationToken = cancellationToken }, body);
        }
        catch (AggregateException failures)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}
