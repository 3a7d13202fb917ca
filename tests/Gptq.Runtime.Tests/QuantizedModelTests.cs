using Gptq.Runtime.Generation;
using Gptq.Tests;

namespace Gptq.Runtime.Tests;

public sealed class QuantizedModelTests(BardModel bard) : IClassFixture<BardModel>
{
    private const string Prompt = "KING RICHARD:\nNow is the winter";

    private QuantizedModel Model => bard.Model;

    [Fact]
    public void Knows_its_sizes()
    {
        Assert.Equal(512, Model.ContextLength);
        Assert.Equal(2048, Model.VocabularySize);
        Assert.Equal(bard.Folder, Model.Path);
        Assert.Equal(0, Model.DefaultOptions.Temperature);
    }

    [Fact]
    public void Greedy_text_is_that_of_the_full_pass_token_by_token()
    {
        var ids = Model.Tokenize(Prompt).ToList();
        var generated = Model.GenerateIds(ids, new GenerationOptions { MaxNewTokens = 24 }).ToList();
        Assert.Equal(24, generated.Count);
        using var state = new DisposableState(Model);
        foreach (var token in generated)
        {
            // Everything anew each time: no cache is involved.
            state.Value.Reset();
            var logits = state.Value.Append([.. ids], state.Options);
            Assert.Equal(Sampler.IndexOfLargest(logits[^Model.VocabularySize..]), token);
            ids.Add(token);
        }
    }

    [Fact]
    public void Streamed_text_is_the_decoded_ids()
    {
        var options = new GenerationOptions { MaxNewTokens = 40, Temperature = 0.9f, TopK = 50, TopP = 0.95f, Seed = 5 };
        var ids = Model.GenerateIds(Model.Tokenize(Prompt), options).ToArray();
        Assert.Equal(Model.Tokenizer.Decode(ids, skipSpecialTokens: true), string.Concat(Model.Generate(Prompt, options)));
    }

    [Fact]
    public void A_seed_fixes_the_text_and_another_changes_it()
    {
        var options = new GenerationOptions { MaxNewTokens = 40, Temperature = 1, Seed = 1 };
        var first = string.Concat(Model.Generate(Prompt, options));
        Assert.Equal(first, string.Concat(Model.Generate(Prompt, options)));
        Assert.NotEqual(first, string.Concat(Model.Generate(Prompt, options with { Seed = 2 })));
    }

    [Fact]
    public void Chunks_of_the_prompt_do_not_change_the_text()
    {
        using var chunked = QuantizedModel.Open(bard.Folder, new QuantizedModelOptions { Threads = 1, PromptChunk = 3 });
        var options = new GenerationOptions { MaxNewTokens = 20 };
        Assert.Equal(string.Concat(Model.Generate(Prompt, options)), string.Concat(chunked.Generate(Prompt, options)));
    }

    [Fact]
    public void A_stop_string_ends_the_text_before_itself()
    {
        var whole = string.Concat(Model.Generate(Prompt, new GenerationOptions { MaxNewTokens = 60 }));
        var stop = whole.Substring(whole.Length / 2, 3);
        var stopped = string.Concat(Model.Generate(Prompt, new GenerationOptions { MaxNewTokens = 60, StopStrings = [stop, "\u0000never"] }));
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], stopped);
    }

    [Fact]
    public async Task Asynchronous_text_is_the_same()
    {
        var options = new GenerationOptions { MaxNewTokens = 20 };
        var text = "";
        await foreach (var part in Model.GenerateAsync(Prompt, options, TestContext.Current.CancellationToken)) text += part;
        Assert.Equal(string.Concat(Model.Generate(Prompt, options)), text);
    }

    [Fact]
    public void Cancelling_ends_the_text_within_one_token()
    {
        using var cancellation = new CancellationTokenSource();
        var tokens = 0;
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (var _ in Model.GenerateIds(Model.Tokenize(Prompt), new GenerationOptions { MaxNewTokens = 400 }, cancellation.Token))
                if (++tokens == 3) cancellation.Cancel();
        });
        Assert.Equal(3, tokens);
    }

    [Fact]
    public async Task Cancelling_works_asynchronously_too()
    {
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Model.GenerateAsync(Prompt, new GenerationOptions { MaxNewTokens = 400 }).WithCancellation(cancellation.Token)) await cancellation.CancelAsync();
        });
    }

    [Fact]
    public void A_text_goes_on_behind_the_models_end_where_asked_to()
    {
        var ids = Model.Tokenize(Prompt);
        // At such a temperature all tokens are about as likely, so that one of the texts meets the end soon.
        var wild = new GenerationOptions { MaxNewTokens = 100, Temperature = 100 };
        var (options, ended) = Enumerable.Range(0, 200).Select(seed => wild with { Seed = seed })
            .Select(options => (options, Model.GenerateIds(ids, options).ToList())).First(text => text.Item2.Count < 100);
        var whole = Model.GenerateIds(ids, options with { IgnoreEnd = true }).ToList();
        Assert.Equal(100, whole.Count);
        Assert.Equal(ended, whole.Take(ended.Count));
    }

    [Fact]
    public void The_context_length_ends_a_text()
    {
        var prompt = Enumerable.Repeat(Model.Tokenize("the")[0], Model.ContextLength - 5).ToArray();
        var generated = Model.GenerateIds(prompt, new GenerationOptions { MaxNewTokens = 100 }).ToList();
        Assert.InRange(generated.Count, 1, 5);
        if (generated[^1] != 2) Assert.Equal(5, generated.Count);
    }

    [Fact]
    public void A_prompt_that_leaves_no_room_is_refused()
    {
        var exception = Assert.Throws<QuantizedModelException>(() => Model.Generate(string.Concat(Enumerable.Repeat("word ", 600))).Count());
        Assert.Equal("GPTQ6015", exception.Code);
        Assert.Contains("512", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_without_sense_are_refused_at_the_call()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Generate(Prompt, new GenerationOptions { Temperature = float.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Generate(Prompt, new GenerationOptions { TopP = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Generate(Prompt, new GenerationOptions { RepetitionPenalty = 0 }));
        Assert.Throws<ArgumentException>(() => Model.Generate(Prompt, new GenerationOptions { StopStrings = [""] }));
        Assert.Throws<ArgumentException>(() => Model.Generate("").Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.GenerateIds([2048]).Count());
    }

    [Fact]
    public void Many_texts_at_once_are_what_each_is_alone()
    {
        string[] prompts = ["KING RICHARD:", "And God said", "O Romeo", "The LORD", "First Citizen:", "What", "Thou art", "In the beginning"];
        var options = new GenerationOptions { MaxNewTokens = 30 };
        var alone = prompts.Select(prompt => string.Concat(Model.Generate(prompt, options))).ToArray();
        var together = new string[prompts.Length];
        Parallel.For(0, prompts.Length * 3, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i => together[i % prompts.Length] = string.Concat(Model.Generate(prompts[i % prompts.Length], options)));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void A_repetition_penalty_keeps_a_text_from_going_in_circles()
    {
        var ids = Model.Tokenize("the the the the the");
        var plain = Model.GenerateIds(ids, new GenerationOptions { MaxNewTokens = 60 }).Distinct().Count();
        var penalized = Model.GenerateIds(ids, new GenerationOptions { MaxNewTokens = 60, RepetitionPenalty = 3 }).Distinct().Count();
        Assert.True(penalized > plain, $"{penalized} different tokens with the penalty, {plain} without");
    }

    [Fact]
    public void Perplexity_of_the_float_model_is_the_reference()
    {
        var text = File.ReadAllText(TestPaths.RequireShared("data", "public-domain", "shakespeare-valid.txt"));
        var expected = System.Text.Json.JsonDocument.Parse(File.ReadAllText(TestPaths.RequireReference("models", "bard-opt", "perplexity.json")))
            .RootElement.GetProperty("float").GetDouble();
        var result = Model.Evaluate(text, window: 256, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(88, result.Windows);
        Assert.Equal(88 * 255, result.PredictedTokens);
        Assert.Equal(expected, result.Perplexity, expected * 1e-4);
    }

    [Fact]
    public void An_evaluation_tells_of_each_window()
    {
        var ids = Model.Tokenize(string.Concat(Enumerable.Repeat("And God said, Let there be light: and there was light. ", 20)));
        var steps = new Steps();
        var result = Model.Evaluate(ids, window: 64, progress: steps, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, result.Windows), steps.Select(step => step.Windows));
        Assert.All(steps, step => Assert.Equal(result.Windows, step.Of));
        Assert.Equal(result.Perplexity, steps[^1].Perplexity);
    }

    [Fact]
    public void A_model_agrees_with_itself()
    {
        var ids = Model.Tokenize(string.Concat(Enumerable.Repeat("And the earth was without form, and void; and darkness was upon the face of the deep. ", 20)));
        var result = Model.Evaluate(ids, window: 64, reference: Model, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(ids.Length / 64, result.Windows);
        Assert.Equal(0, result.KlDivergence!.Value, 1e-6);
        Assert.Equal(1, result.Top1Agreement);
        Assert.Equal(result.Perplexity, result.ReferencePerplexity!.Value, 1e-6);
        Assert.InRange(result.Perplexity, 1, 100);
        Assert.Null(Model.Evaluate(ids, window: 64, cancellationToken: TestContext.Current.CancellationToken).KlDivergence);
    }

    [Fact]
    public void A_text_shorter_than_a_window_cannot_be_evaluated()
    {
        var exception = Assert.Throws<QuantizedModelException>(() => Model.Evaluate("short", window: 64));
        Assert.Equal("GPTQ6016", exception.Code);
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Evaluate("short", window: 513));
        Assert.Throws<ArgumentOutOfRangeException>(() => Model.Evaluate("short", window: 1));
    }

    [Fact]
    public void Both_kinds_of_cache_give_the_same_text()
    {
        var folder = BardModel.Create(portable: true);
        using (var portable = QuantizedModel.Open(folder, new QuantizedModelOptions { Threads = 1 }))
        {
            // Long enough for the caches to grow.
            var options = new GenerationOptions { MaxNewTokens = 300 };
            var ids = Model.Tokenize(Prompt);
            Assert.True(Model.SharesCache);
            Assert.False(portable.SharesCache);
            Assert.Equal(Model.GenerateIds(ids, options), portable.GenerateIds(ids, options));
            Assert.InRange(BytesPerStep(portable), 0, 4096);
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>What is left is ONNX Runtime's wrapper of the mask, which is one longer each time; one buffer of logits alone would be 8,192 bytes.</summary>
    [Fact]
    public void A_step_allocates_next_to_nothing() => Assert.InRange(BytesPerStep(Model), 0, 256);

    /// <summary>Sampling allocates nothing; each token's text is a string.</summary>
    [Fact]
    public void A_token_allocates_next_to_nothing()
    {
        var options = new GenerationOptions { MaxNewTokens = 400, Temperature = 0.8f, TopK = 40, TopP = 0.9f, RepetitionPenalty = 1.1f, Seed = 1, IgnoreEnd = true };
        using var generation = Model.Start(Model.Tokenize(Prompt), options, TestContext.Current.CancellationToken);
        for (var i = 0; i < 300; i++) generation.Step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 64; i++) generation.Step();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 64, 0, 512);
    }

    private static long BytesPerStep(QuantizedModel model)
    {
        using var state = new DisposableState(model);
        int[] token = [39];
        for (var i = 0; i < 8; i++) state.Value.Append(token, state.Options);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) state.Value.Append(token, state.Options);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
    }

    [Fact]
    public void A_disposed_model_says_so()
    {
        var model = QuantizedModel.Open(bard.Folder);
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Generate(Prompt).Count());
    }

    [Fact]
    public void A_text_in_the_making_outlives_its_model()
    {
        var expected = Model.GenerateIds(Model.Tokenize(Prompt), new GenerationOptions { MaxNewTokens = 10 });
        var model = QuantizedModel.Open(bard.Folder, new QuantizedModelOptions { Threads = 1 });
        var generated = new List<int>();
        foreach (var token in model.GenerateIds(model.Tokenize(Prompt), new GenerationOptions { MaxNewTokens = 10 }))
        {
            generated.Add(token);
            model.Dispose();
        }

        Assert.Equal(expected, generated);
    }

    [Fact]
    public void Texts_from_many_threads_some_cancelled_leave_nothing_behind()
    {
        var cancelledAt = new System.Collections.Concurrent.ConcurrentBag<int>();
        Parallel.For(0, 96, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using var cancellation = new CancellationTokenSource();
            var tokens = 0;
            try
            {
                var options = new GenerationOptions { MaxNewTokens = 15, Temperature = 1, Seed = i, TopK = 40 };
                foreach (var _ in Model.GenerateIds(Model.Tokenize(Prompt), options, cancellation.Token))
                    if (++tokens == 5 && i % 3 == 0) cancellation.Cancel();
            }
            catch (OperationCanceledException)
            {
                cancelledAt.Add(tokens);
            }
        });
        Assert.InRange(cancelledAt.Count, 25, 32);
        Assert.All(cancelledAt, tokens => Assert.Equal(5, tokens));
        Assert.Equal(0, Model.TextsInTheMaking);
    }

    private sealed class DisposableState(QuantizedModel model) : IDisposable
    {
        public DecoderState Value { get; } = model.RentState();

        public Microsoft.ML.OnnxRuntime.RunOptions Options { get; } = new();

        public void Dispose()
        {
            Options.Dispose();
            model.ReturnState(Value);
        }
    }

    // Progress<T> would report later, from another thread.
    private sealed class Steps : List<EvaluationProgress>, IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => Add(value);
    }
}
