using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Gptq.Runtime;

namespace WebChat;

/// <summary>A text to continue, and the string before which the continuation ends.</summary>
internal sealed record WriteRequest(string Text, string? Stop);

/// <summary>What a token added to the text, and what it cost.</summary>
internal sealed record Piece(string Text, double TokensPerSecond, double MemoryMegabytes);

/// <summary>Continues texts, and measures meanwhile.</summary>
internal sealed class Writer(QuantizedModel model, IConfiguration settings)
{
    private readonly int _mostTokens = settings.GetValue("Writer:MostTokens", 120);
    private readonly TimeSpan _pause = TimeSpan.FromSeconds(1) / settings.GetValue("Writer:MostTokensPerSecond", 30.0);
    private readonly int? _seed = settings.GetValue<int?>("Writer:Seed");
    private int _textsInTheMaking;

    /// <summary>The memory of the whole app, with the pages of the model's file that are in use.</summary>
    public static double MemoryMegabytes => Environment.WorkingSet / 1e6;

    /// <summary>How many texts are being written.</summary>
    public int TextsInTheMaking => _textsInTheMaking;

    /// <summary>Streams the continuation. A visitor who leaves or stops cancels it within a token.</summary>
    public async IAsyncEnumerable<Piece> WriteAsync(WriteRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = _mostTokens,
            Temperature = 0.8f,
            TopP = 0.95f,
            Seed = _seed,
            StopStrings = string.IsNullOrEmpty(request.Stop) ? [] : [request.Stop],
        };
        var written = new StringBuilder();
        Interlocked.Increment(ref _textsInTheMaking);
        try
        {
            await using var pieces = model.GenerateAsync(Newest(request.Text), options, cancellation).GetAsyncEnumerator(cancellation);
            var watch = Stopwatch.StartNew();
            while (await pieces.MoveNextAsync())
            {
                watch.Stop();
                written.Append(pieces.Current);
                var tokens = model.Tokenize(written.ToString(), addSpecialTokens: false).Length;
                yield return new Piece(pieces.Current, tokens / watch.Elapsed.TotalSeconds, MemoryMegabytes);
                // Slower than the model, so that one can read along. The pause is not counted.
                await Task.Delay(_pause, cancellation);
                watch.Start();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _textsInTheMaking);
        }
    }

    /// <summary>The end of a text, from a paragraph's beginning where there is one, that leaves room in the model's context for the continuation.</summary>
    private string Newest(string text)
    {
        var room = model.ContextLength - _mostTokens;
        while (model.Tokenize(text).Length > room)
        {
            var paragraph = text.IndexOf("\n\n", StringComparison.Ordinal);
            text = paragraph >= 0 ? text[(paragraph + 2)..] : text[(text.Length / 4 + 1)..];
        }
        return text;
    }
}
