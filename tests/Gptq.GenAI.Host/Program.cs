using System.Globalization;
using Microsoft.ML.OnnxRuntimeGenAI;

// <folder> <library of operators, or -> <count> <prompt id> …: prints the ids that greedy search continues the prompt with.
using var runtime = new OgaHandle();
using var config = new Config(args[0]);
if (args[1] != "-")
{
    var library = System.Text.Json.JsonEncodedText.Encode(args[1]);
    config.Overlay($$"""{ "model": { "decoder": { "session_options": { "custom_ops_library": "{{library}}" } } } }""");
}

using var model = new Model(config);
int[] prompt = [.. args[3..].Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
using var parameters = new GeneratorParams(model);
parameters.SetSearchOption("max_length", prompt.Length + int.Parse(args[2], CultureInfo.InvariantCulture));
using var generator = new Generator(model, parameters);
generator.AppendTokens(prompt);
while (!generator.IsDone()) generator.GenerateNextToken();
Console.WriteLine(string.Join(' ', generator.GetSequence(0)[prompt.Length..].ToArray()));
