using System.Diagnostics;
using System.Globalization;

namespace Gptq.Benchmarks;

/// <summary>llama.cpp (node-llama-cpp, installed with npm in Peers/llama-cpp) with a Q4_0 model of the same shape, in a process of its own.</summary>
internal sealed class LlamaCppGenerator : IGenerator
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gptq-llama-cpp").FullName;
    private readonly Process _process;

    public LlamaCppGenerator(string scripts, int layers, int threads, int context)
    {
        var model = Path.Combine(_folder, "model.gguf");
        using (var writer = Start(Path.Combine(scripts, "write-model.mjs"), model, Text(layers)))
        {
            writer.WaitForExit();
            if (writer.ExitCode != 0)
                throw new InvalidOperationException($"write-model.mjs failed with {writer.ExitCode}.");
        }

        WeightBytes = new FileInfo(model).Length;
        _process = Start(Path.Combine(scripts, "generate.mjs"), model, Text(threads), Text(context));
        LoadSeconds = Answer();
    }

    public string Name => "llama_cpp_q4_0";

    public long WeightBytes { get; }

    public double LoadSeconds { get; }

    public double Prefill(int tokens) => Ask($"prompt {Text(tokens)}");

    public double Step() => Ask("step");

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("node", arguments)
    {
        RedirectStandardInput = true, RedirectStandardOutput = true,
    }) ?? throw new InvalidOperationException("node does not start.");

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private double Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        return Answer();
    }

    private double Answer() => double.Parse(
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("generate.mjs ended; run npm install in its folder."),
        CultureInfo.InvariantCulture);
}
