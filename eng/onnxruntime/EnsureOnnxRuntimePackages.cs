using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Makes Microsoft.ML.OnnxRuntime restorable: nothing to do where the configured feeds have it, else packs the same release from npm into a
/// folder feed. Runs once per clone; projects that restore in parallel, in this process or another, wait for the first.
/// </summary>
public class EnsureOnnxRuntimePackages : Task
{
    private const string NpmPackage = "com.github.asus4.onnxruntime";
    private const string NpmVersion = "0.4.9";
    private const string NpmSha512 = "BkzxduSZ9IkeDP6Q8lz2TFU2ie7hSSvS7ZIfzMooExoq0CNzJnuuGaUJ7IsojBgqO4ouD1jXah8OYyJbCN29Fg==";

    [Required] public string Recipe { get; set; }
    [Required] public string WorkDirectory { get; set; }
    [Required] public string Stamp { get; set; }
    [Required] public string DotNet { get; set; }
    [Required] public string Version { get; set; }

    public override bool Execute()
    {
        Directory.CreateDirectory(Path.Combine(WorkDirectory, "feed"));
        using (Lock(Path.Combine(WorkDirectory, "lock")))
        {
            if (File.Exists(Stamp)) return true;
            try
            {
                if (FeedHasIt())
                {
                    File.WriteAllText(Stamp, "from the configured NuGet feeds");
                    return true;
                }
                PackFromNpm();
                File.WriteAllText(Stamp, "packed from npm: " + NpmPackage + " " + NpmVersion);
                return true;
            }
            catch (Exception exception)
            {
                Log.LogError(null, "GPTQ6001", null, Path.Combine(Recipe, "OnnxRuntime.props"), 0, 0, 0, 0,
                    "Microsoft.ML.OnnxRuntime {0} is in none of the configured NuGet feeds, and packing it from npm failed: {1} "
                    + "Install Node.js (its npm is needed), or add a feed that has the package.", Version, exception.Message);
                return false;
            }
        }
    }

    private bool FeedHasIt()
    {
        string output;
        return Run(DotNet, "restore \"" + Path.Combine(Recipe, "Probe.csproj") + "\" -p:Version=" + Version + " -p:WorkDirectory=\""
            + WorkDirectory.TrimEnd('/', '\\') + "\"", WorkDirectory, out output) == 0;
    }

    private void PackFromNpm()
    {
        Log.LogMessage(MessageImportance.High, "ONNX Runtime {0} is not in the configured NuGet feeds: packing it from npm, once (about 150 MB).", Version);
        var download = Path.Combine(WorkDirectory, "npm");
        if (Directory.Exists(download)) Directory.Delete(download, true);
        Directory.CreateDirectory(download);
        var windows = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);
        Require(windows ? "cmd" : "npm", (windows ? "/c npm " : "") + "pack " + NpmPackage + "@" + NpmVersion + " --silent", download);
        var archive = Path.Combine(download, NpmPackage + "-" + NpmVersion + ".tgz");
        using (var sha = SHA512.Create())
        using (var stream = File.OpenRead(archive))
            if (Convert.ToBase64String(sha.ComputeHash(stream)) != NpmSha512)
                throw new InvalidDataException(archive + " does not have the expected SHA-512.");
        Require("tar", "-xzf \"" + archive + "\" package/Runtime package/Plugins/Linux package/Plugins/Windows package/Plugins/macOS package/LICENSE package/ThirdPartyNotices.txt", download);
        File.Delete(archive);
        foreach (var project in new[] { "Managed", "Native" })
            Require(DotNet, "pack \"" + Path.Combine(Recipe, project + ".csproj") + "\" -c Release -nologo -v:q -p:Version=" + Version + " -p:WorkDirectory=\""
                + WorkDirectory.TrimEnd('/', '\\') + "\"", WorkDirectory);
        Directory.Delete(download, true);
    }

    private void Require(string file, string arguments, string directory)
    {
        string output;
        var code = Run(file, arguments, directory, out output);
        if (code != 0) throw new InvalidOperationException("'" + file + " " + arguments + "' ended with " + code + ": " + output.Trim());
    }

    private int Run(string file, string arguments, string directory, out string output)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The child is a build of its own: it must not inherit the switches of this one.
        foreach (var name in new List<string>(start.Environment.Keys))
            if (name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)) start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        var text = new StringBuilder();
        using (var process = new Process { StartInfo = start })
        {
            DataReceivedEventHandler keep = (_, line) => { lock (text) text.AppendLine(line.Data); };
            process.OutputDataReceived += keep;
            process.ErrorDataReceived += keep;
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.WaitForExit();
            lock (text) output = text.ToString();
            return process.ExitCode;
        }
    }

    private static FileStream Lock(string path)
    {
        for (; ; )
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                Thread.Sleep(200);
            }
        }
    }
}
