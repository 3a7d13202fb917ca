using GenAI;
using Microsoft.ML.OnnxRuntimeGenAI;

using var runtime = new OgaHandle();
using var model = new Model(QuantizedModels.BardOpt.Path);
using var tokenizer = new Tokenizer(model);
using var decoder = tokenizer.CreateStream();
using var prompt = tokenizer.Encode(args.Length > 0 ? string.Join(' ', args) : "KING RICHARD:\n");

using var parameters = new GeneratorParams(model);
parameters.SetSearchOption("max_length", 200);
parameters.SetSearchOption("do_sample", true);
parameters.SetSearchOption("temperature", 0.8);
parameters.SetSearchOption("top_k", 50);
parameters.SetSearchOption("random_seed", 1);
using var generator = new Generator(model, parameters);
generator.AppendTokenSequences(prompt);

foreach (var id in prompt[0]) Console.Write(decoder.Decode(id));
while (!generator.IsDone())
{
    generator.GenerateNextToken();
    Console.Write(decoder.Decode(generator.GetNextTokens()[0]));
}
Console.WriteLine();
