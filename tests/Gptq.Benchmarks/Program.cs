using System.CommandLine;
using Gptq.Benchmarks;

var root = new RootCommand("Measures Gptq.Build against its baselines. Every run prints its results once; --json makes that one JSON line.");
root.Options.Add(Report.Json);
foreach (var type in typeof(IBenchmark).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IBenchmark)))
    .OrderBy(type => type.Name, StringComparer.Ordinal))
    root.Subcommands.Add(((IBenchmark)Activator.CreateInstance(type)!).CreateCommand());
return await root.Parse(args).InvokeAsync();
