using System.CommandLine;
using System.CommandLine.Help;
using Gptq.Tool.Commands;

namespace Gptq.Tool;

/// <summary>All commands.</summary>
internal static class CommandLine
{
    public static RootCommand Create()
    {
        var root = new RootCommand("Quantizes language models with GPTQ, and inspects, evaluates and runs the result.")
        {
            QuantizeCommand.Create(),
            PullCommand.Create(),
            InspectCommand.Create(),
            EvaluateCommand.Create(),
            GenerateCommand.Create(),
            BenchCommand.Create(),
            CacheCommand.Create(),
            CompletionCommand.Create(),
            CudaCommand.Create(),
        };
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new HelpWithExample((HelpAction)help.Action!);
        return root;
    }
}
