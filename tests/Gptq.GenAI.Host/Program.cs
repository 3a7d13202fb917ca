using System.Globalization;
using Microsoft.ML.OnnxRuntimeGenAI;

// <folder> <count> <prompt id> …: prints the ids that greedy search continues the prompt with.
using var runtime = new OgaHandle();
using var model = new Model(args[0]);
int[] prompt = [.. args[2..].Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
using var parameters = new GeneratorParams(model);
parameters.SetSearchOption("max_length", prompt.Length + int.Parse(args[1], CultureInfo.InvariantCulture));
using var generator = new Generator(model, parameters);
generator.AppendTokens(prompt);
while (!generator.IsDone()) generator.GenerateNextToken();
Console.WriteLine(string.Join(' ', generator.GetSequence(0)[prompt.Length..].ToArray()));
