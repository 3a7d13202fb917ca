using Gptq.Runtime.Tests.OtherRuntimes;

namespace Gptq.Runtime.Tests.Memory;

/// <summary>Many texts at once and one after the other from one model.</summary>
[Collection(nameof(Alone))]
public sealed class ManyTextsTests(QuantizedFolders folders)
{
    private const int Threads = 8, Tokens = 8;

    [Fact]
    public void A_thousand_texts_from_eight_threads_leave_private_memory_as_it_was()
    {
        using var model = QuantizedModel.Open(folders.Folder("gptq", 4));
        var prompt = model.Tokenize(QuantizedFolders.Prompt);
        int[] expected = [.. model.GenerateIds(prompt, Options)];
        Generate(model, prompt, expected, count: 500);
        var before = ProcessCounters.PrivateBytes();

        var cancelled = Generate(model, prompt, expected, count: 1000);

        Assert.InRange(ProcessCounters.PrivateBytes() - before, long.MinValue, 8L << 20);
        Assert.Equal(334, cancelled);
        Assert.Equal(0, model.TextsInTheMaking);
    }

    private static GenerationOptions Options { get; } = new() { MaxNewTokens = Tokens, IgnoreEnd = true };

    /// <summary>Every third text is cancelled in its middle; returns how many.</summary>
    private static int Generate(QuantizedModel model, int[] prompt, int[] expected, int count)
    {
        var cancelled = 0;
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Threads }, text =>
        {
            using var cancellation = new CancellationTokenSource();
            var (stopsAt, tokens) = (text % 3 == 0 ? Tokens / 2 : Tokens, new List<int>());
            try
            {
                foreach (var token in model.GenerateIds(prompt, Options, cancellation.Token))
                {
                    tokens.Add(token);
                    if (tokens.Count == stopsAt && text % 3 == 0) cancellation.Cancel();
                }
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cancelled);
            }

            Assert.Equal(expected[..stopsAt], tokens);
        });
        return cancelled;
    }
}
