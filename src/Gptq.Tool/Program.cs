using System.CommandLine;
using Gptq.Tool;
using Gptq.Tool.Commands;

var root = new RootCommand("Quantizes language models with GPTQ, and inspects, evaluates and runs the result.")
{
    QuantizeCommand.Create(),
    PullCommand.Create(),
    CacheCommand.Create(),
};

var result = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = ResponseFile.TryRead });
return await CommandEdge.InvokeAsync(result).ConfigureAwait(false);
