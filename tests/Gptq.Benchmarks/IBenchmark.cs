using System.CommandLine;

namespace Gptq.Benchmarks;

/// <summary>
/// One benchmark: a subcommand that measures ours and its baseline, interleaved in the same run. Any class of this assembly that implements
/// this and has a parameterless constructor is found by <see cref="Program"/>.
/// </summary>
internal interface IBenchmark
{
    /// <summary>The subcommand with its options; its action writes one <see cref="Report"/>.</summary>
    Command CreateCommand();
}
