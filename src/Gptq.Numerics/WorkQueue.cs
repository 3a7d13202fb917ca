using System.Runtime.ExceptionServices;

namespace Gptq.Numerics;

/// <summary>
/// Hands a numbered list of independent pieces of work to threads, one piece at a time in order, so that uneven pieces end together. Which
/// thread does a piece must not matter to its result.
/// </summary>
internal static class WorkQueue
{
    /// <summary>Runs pieces 0 to count − 1.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="options">Threads (−1: all processors) and cancellation, which is looked at before each piece.</param>
    /// <param name="piece">Does one.</param>
    public static void Run(int count, ParallelOptions options, Action<int> piece) => Run(count, options, () => 0, (item, _) => piece(item));

    /// <summary>Runs pieces 0 to count − 1, with something of its own for each thread.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="options">Threads (−1: all processors) and cancellation, which is looked at before each piece.</param>
    /// <param name="own">Makes what a thread keeps from piece to piece, disposed after its last.</param>
    /// <param name="piece">Does one. What it throws is thrown again as it is; of several, what the piece of the lowest number threw.</param>
    public static void Run<T>(int count, ParallelOptions options, Func<T> own, Action<int, T> piece)
    {
        var next = -1;
        var failures = new List<(int Item, ExceptionDispatchInfo Exception)>();
        var threads = Math.Min(count, options.MaxDegreeOfParallelism < 0 ? Environment.ProcessorCount : options.MaxDegreeOfParallelism);
        if (threads <= 1) Work();
        else Parallel.For(0, threads, options, _ => Work());
        if (failures.Count > 0) failures.MinBy(failure => failure.Item).Exception.Throw();

        void Work()
        {
            var item = 0;
            try
            {
                var state = own();
                using var disposable = state as IDisposable;
                for (item = Interlocked.Increment(ref next); item < count; item = Interlocked.Increment(ref next))
                {
                    options.CancellationToken.ThrowIfCancellationRequested();
                    piece(item, state);
                }
            }
#pragma warning disable CA1031 // Any exception is thrown again, by the thread that waits for all of them.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Volatile.Write(ref next, count);
                lock (failures) failures.Add((item, ExceptionDispatchInfo.Capture(exception)));
            }
        }
    }
}
