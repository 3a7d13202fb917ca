using System.Globalization;
using Microsoft.ML.OnnxRuntimeGenAI;

// <folder> <library of operators, or -> <count> <prompt>: prints the prompt's ids, and in the next line those that greedy search continues it with.
using var runtime = new OgaHandle();
using var config = new Config(args[0]);
if (args[1] != "-")
{
    var library = System.Text.Json.JsonEncodedText.Encode(args[1]);
    config.Overlay($$"""{ "model": { "decoder": { "session_options": { "custom_ops_library": "{{library}}" } } } }""");
}

using var model = new Model(config);
using var tokenizer = new Tokenizer(model);
using var prompt = tokenizer.Encode(args[3]);
using var parameters = new GeneratorParams(model);
parameters.SetSearchOption("max_length", prompt[0].Length + int.Parse(args[2], CultureInfo.InvariantCulture));
using var generator = new Generator(model, parameters);
generator.AppendTokenSequences(prompt);
while (!generator.IsDone()) generator.GenerateNextToken();
Console.WriteLine(string.Join(' ', prompt[0].ToArray()));
Console.WriteLine(string.Join(' ', generator.GetSequence(0)[prompt[0].Length..].ToArray()));
