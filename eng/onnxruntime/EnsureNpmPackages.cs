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
/// Makes a package of ONNX Runtime restorable: nothing to do where the configured feeds have it, else packs the same release from npm into a
/// folder feed. Runs once per clone; projects that restore in parallel, in this process or another, wait for the first.
/// </summary>
public class EnsureNpmPackages : Task
{
    [Required] public string Package { get; set; }
    [Required] public string Version { get; set; }
    [Required] public string NpmPackage { get; set; }
    [Required] public string NpmVersion { get; set; }
    [Required] public string NpmSha512 { get; set; }
    [Required] public string Size { get; set; }
    [Required] public string[] Projects { get; set; }
    public string Properties { get; set; }
    [Required] public string Recipe { get; set; }
    [Required] public string WorkDirectory { get; set; }
    [Required] public string Stamp { get; set; }
    [Required] public string DotNet { get; set; }

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
                    "{0} {1} is in none of the configured NuGet feeds, and packing it from npm failed: {2} "
                    + "Install Node.js (its npm is needed), or add a feed that has the package.", Package, Version, exception.Message);
                return false;
            }
        }
    }

    private string Switches
    {
        get { return " -p:Version=" + Version + " -p:WorkDirectory=\"" + WorkDirectory.TrimEnd('/', '\\') + "\"" + (string.IsNullOrEmpty(Properties) ? "" : " -p:" + Properties); }
    }

    private bool FeedHasIt()
    {
        string output;
        return Run(DotNet, "restore \"" + Path.Combine(Recipe, "Probe.csproj") + "\" -p:Probed=" + Package + Switches, WorkDirectory, out output) == 0;
    }

    private void PackFromNpm()
    {
        Log.LogMessage(MessageImportance.High, "{0} {1} is not in the configured NuGet feeds: packing it from npm, once (about {2}).", Package, Version, Size);
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
        foreach (var project in Projects)
            Require(DotNet, "pack \"" + Path.Combine(Recipe, project + ".csproj") + "\" -c Release -nologo -v:q" + Switches, WorkDirectory);
        Directory.Delete(download, true);
    }

    private void Require(string file, string arguments, string directory)
    {
        string output;
        var code = Run(file, arguments, directory, out output);
        if (code != 0) throw new InvalidOperationException("'" + file + " " + arguments + "' ended with " + code + ": " + string.Join(" ", output.Split(new[] { '\r', '\n' }, StringSplitOptions.RemoveEmptyEntries)));
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
