using System.CommandLine;
using Gptq.Tool;

var result = CommandLine.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = ResponseFile.TryRead });
return await CommandEdge.InvokeAsync(result).ConfigureAwait(false);
