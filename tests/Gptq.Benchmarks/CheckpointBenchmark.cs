using System.CommandLine;
using System.Runtime.InteropServices;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Checkpoints.Safetensors;

namespace Gptq.Benchmarks;

/// <summary>Reads a tensor of a safetensors file as float32, beside reading the file's bytes into an array and converting them one by one.</summary>
internal sealed class CheckpointBenchmark : IBenchmark
{
    private readonly Option<int> _megabytes = new("--megabytes") { Description = "Stored bytes of the tensor.", DefaultValueFactory = _ => 128 };
    private readonly Option<string> _type = new("--type") { Description = "F16 or BF16.", DefaultValueFactory = _ => "F16" };
    private readonly Option<int> _runs = new("--runs") { Description = "Measured runs; medians are reported.", DefaultValueFactory = _ => 7 };

    public Command CreateCommand()
    {
        var command = new Command("checkpoint", "Reading weights from a safetensors file, against plain reading and scalar conversion.") { _megabytes, _type, _runs };
        command.SetAction(Run);
        return command;
    }

    private void Run(ParseResult arguments)
    {
        var type = arguments.GetValue(_type)!;
        var stored = new byte[arguments.GetValue(_megabytes) << 20];
        new Random(1).NextBytes(stored);
        var values = new float[stored.Length / 2];
        var path = Path.Combine(Path.GetTempPath(), $"gptq-benchmark-{Environment.ProcessId}.safetensors");
        try
        {
            using (var writer = new SafetensorsWriter(path))
            {
                writer.Add(new TensorInfo("weight", type, [values.Length]), stream => stream.Write(stored));
                writer.Complete();
            }

            using var file = SafetensorsFile.Open(path);
            var seconds = Measure.Interleaved(
                arguments.GetValue(_runs),
                () => file.Read("weight", values),
                () => ReadPlainly(path, stored, type, values));
            double gigabytes = stored.Length / 1e9;
            new Report().Add("benchmark", "checkpoint").Add("type", type).Add("stored_bytes", stored.Length)
                .Add("ours_gb_per_s", gigabytes / seconds[0]).Add("plain_gb_per_s", gigabytes / seconds[1]).Add("speedup", seconds[1] / seconds[0])
                .Write(arguments);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void ReadPlainly(string path, byte[] stored, string type, float[] values)
    {
        using var stream = File.OpenRead(path);
        stream.Seek(-stored.Length, SeekOrigin.End);
        stream.ReadExactly(stored);
        var bits = MemoryMarshal.Cast<byte, ushort>(stored);
        for (var i = 0; i < values.Length; i++)
            values[i] = type == "F16" ? (float)BitConverter.UInt16BitsToHalf(bits[i]) : BitConverter.UInt32BitsToSingle((uint)bits[i] << 16);
    }
}
