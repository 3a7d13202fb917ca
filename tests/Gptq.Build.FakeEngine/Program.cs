using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Gptq.Build.FakeEngine;

/// <summary>
/// <c>gptq quantize @file.rsp</c>, as the build calls the engine. Appends its arguments to engine.log in the project's folder. What it does is
/// written in the checkpoint's engine.txt: <c>print text</c>, <c>exit code</c>, <c>hang</c> (until killed, or until the parent is gone), <c>shown</c> (waits until the build shows a step),
/// <c>nomanifest</c>; without that file it writes a result and succeeds.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        // The engine's own parser and rule: a line of the response file is a token as it is.
        var options = new Argument<string[]>("options") { Arity = ArgumentArity.ZeroOrMore };
        var quantize = new Command("quantize") { options };
        quantize.TreatUnmatchedTokensAsErrors = false;
        var tokens = new RootCommand { quantize }.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = ReadLines }).Tokens.Select(token => token.Value).Skip(1).ToArray();
        var values = tokens.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
        using (var log = new FileStream(Path.Combine(values["--project-directory"], "engine.log"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            log.Write(JsonSerializer.SerializeToUtf8Bytes(values.Concat(Environment()).ToDictionary()).Append((byte)'\n').ToArray());

        var script = Path.Combine(values["--model"], "engine.txt");
        foreach (var line in File.Exists(script) ? File.ReadAllLines(script) : [])
        {
            var (verb, rest) = line.Split(' ', 2) is [var first, var second] ? (first, second) : (line, "");
            if (verb == "exit") return int.Parse(rest, CultureInfo.InvariantCulture);
            if (verb == "print") Console.WriteLine(rest);
            if (verb == "hang") Hang(values);
            if (verb == "shown") SpinWait.SpinUntil(() => IsShown(values), TimeSpan.FromMinutes(1));
            if (verb == "nomanifest")
            {
                Directory.CreateDirectory(values["--output"]);
                return 0;
            }
        }
        WriteResult(values);
        return 0;
    }

    // What the build hands over besides the arguments.
    private static IEnumerable<KeyValuePair<string, string>> Environment() =>
        ((string[])["GptqRemoteCache", "GptqRemoteCacheReadOnly", "DOTNET_PROCESSOR_COUNT"]).Select(name => KeyValuePair.Create("$" + name, System.Environment.GetEnvironmentVariable(name) ?? ""));

    private static bool ReadLines(string path, out IReadOnlyList<string>? tokens, out string? error)
    {
        (tokens, error) = (File.ReadAllLines(path), null);
        return true;
    }

    private static bool IsShown(Dictionary<string, string> values) =>
        Directory.EnumerateFiles(Path.GetDirectoryName(values["--output"])!, values["--name"] + ".proj", SearchOption.AllDirectories).Any();

    private static void Hang(Dictionary<string, string> values)
    {
        File.WriteAllText(Path.Combine(values["--project-directory"], "engine.pid"), System.Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Process.GetProcessById(int.Parse(values["--parent-process"], CultureInfo.InvariantCulture)).WaitForExit();
        System.Environment.Exit(130);
    }

    private static void WriteResult(Dictionary<string, string> values)
    {
        var output = values["--output"];
        var partial = output + ".partial";
        Directory.CreateDirectory(Path.Combine(partial, "tokenizer"));
        var kept = values.Where(pair => pair.Key is not ("--parent-process" or "--manifest" or "--report"));
        File.WriteAllText(Path.Combine(partial, "model.onnx"), JsonSerializer.Serialize(kept));
        File.WriteAllText(Path.Combine(partial, "tokenizer", "vocab.json"), "{}");
        File.WriteAllText(Path.Combine(partial, "report.html"), "stays in obj");
        if (Directory.Exists(output)) Directory.Delete(output, true);
        Directory.Move(partial, output);
        if (values.TryGetValue("--report", out var report)) File.WriteAllText(report, "<html/>");
        string[] shipped = ["model.onnx", "tokenizer/vocab.json"];
        var files = shipped.Select(path => new
        {
            path,
            size = new FileInfo(Path.Combine(output, path)).Length,
            sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(output, path)))),
        });
        var read = Path.Combine(values["--project-directory"], "hub", Path.GetFileName(values["--model"]));
        var inputs = Directory.Exists(read) ? Directory.GetFiles(read).Select(path => new { path, size = new FileInfo(path).Length }).ToArray() : [];
        File.WriteAllText(values["--manifest"], JsonSerializer.Serialize(new { version = 1, files, inputs }));
    }
}
