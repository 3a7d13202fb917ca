using Gptq.Runtime.Operators;
using Gptq.Tests;
using Microsoft.Extensions.AI;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Tests;

/// <summary>The examples of docs/runtime.md run here, and stand there as they stand here.</summary>
public sealed class DocumentationTests(BardModel bard) : IClassFixture<BardModel>
{
    private static readonly string Source = File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "tests", "Gptq.Runtime.Tests", "DocumentationTests.cs"));
    private static readonly string Page = File.ReadAllText(Path.Combine(TestPaths.RepositoryRoot, "docs", "runtime.md"));

    [Fact]
    public void Every_example_of_the_page_is_run()
    {
        var examples = Page.Split("```csharp\n")[1..].Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToList();
        Assert.Equal(5, examples.Count);
        var run = Normalized(Source);
        foreach (var example in examples)
            Assert.Contains(Normalized(string.Join('\n', example.Split('\n').SkipWhile(line => line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains(" var ", StringComparison.Ordinal)))), run, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate()
    {
        var path = bard.Folder;
        var Console = new StringWriter();
        using var model = QuantizedModel.Open(path);
        foreach (var text in model.Generate("KING RICHARD:"))
            Console.Write(text);
        Assert.NotEmpty(Console.ToString());
    }

    [Fact]
    public async Task Options()
    {
        var model = bard.Model;
        var cancellationToken = TestContext.Current.CancellationToken;
        var Console = new StringWriter();
        var options = new GenerationOptions
        {
            MaxNewTokens = 100,
            Temperature = 0.8f,
            TopP = 0.95f,
            RepetitionPenalty = 1.1f,
            Seed = 1,
            StopStrings = ["\n\n"],
        };
        await foreach (var text in model.GenerateAsync("KING RICHARD:", options, cancellationToken))
            Console.Write(text);
        Assert.DoesNotContain("\n\n", Console.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversation()
    {
        var folder = BardModel.Create();
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "{% for message in messages %}{{ message.content }}\n{% endfor %}");
        using (var model = QuantizedModel.Open(folder))
        {
            var Console = new StringWriter();
            using var client = new QuantizedModelChatClient(model);
            var response = await client.GetResponseAsync("What news?", new ChatOptions { MaxOutputTokens = 100 });
            Console.WriteLine(response.Text);
            Assert.NotEmpty(response.Text);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Quality()
    {
        var (model, other) = (bard.Model, bard.Model);
        var text = string.Concat(Enumerable.Repeat("In the beginning God created the heaven and the earth. ", 60));
        var Console = new StringWriter();
        var result = model.Evaluate(text, window: 256, reference: other);
        Console.WriteLine($"perplexity {result.Perplexity:F2}, KL {result.KlDivergence:F4}, same top token {result.Top1Agreement:P1}");
        Assert.Contains("KL 0.0000, same top token 100.0", Console.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Session()
    {
        var path = bard.Folder;
        using var options = new SessionOptions();
        options.RegisterGptqOperators();
        using var session = new InferenceSession(Path.Combine(path, "model.onnx"), options);
        Assert.Contains("input_ids", session.InputMetadata.Keys);
    }

    private static string Normalized(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
}
