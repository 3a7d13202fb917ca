using GenAI;
using Microsoft.ML.OnnxRuntimeGenAI;
using Tokenizer = Gptq.Tokenizers.Tokenizer;

var text = args.Length > 0 ? string.Join(' ', args) : "KING RICHARD:\n";
var path = QuantizedModels.BardOpt.Path;

// OPT's checkpoints, and so this one, have vocab.json and merges.txt. GenAI's own tokenizer reads models that have a tokenizer.json.
var tokenizer = Tokenizer.Load(path);
var decoder = tokenizer.CreateDecoder();

using var runtime = new OgaHandle();
using var model = new Model(path);
using var parameters = new GeneratorParams(model);
parameters.SetSearchOption("max_length", 200);
parameters.SetSearchOption("do_sample", true);
parameters.SetSearchOption("temperature", 0.8);
parameters.SetSearchOption("top_k", 50);
parameters.SetSearchOption("random_seed", 1);
using var generator = new Generator(model, parameters);
generator.AppendTokens(tokenizer.Encode(text));

Console.Write(text);
while (!generator.IsDone())
{
    generator.GenerateNextToken();
    Console.Write(decoder.Append(generator.GetNextTokens()[0]));
}
Console.WriteLine(decoder.Finish());
