using System.Security.Cryptography;

namespace Gptq.Quantization.Caching;

/// <summary>Puts an entry's files into an output folder: beside it first, checked, then in its place in one step.</summary>
internal static class OutputFolder
{
    /// <summary>A folder is taken for an old result, and replaced, only if this file is in it: every result has one.</summary>
    public const string ResultMarker = "quantization.json";

    private const int ChunkBytes = 1 << 20;

    /// <summary>Replaces the output folder. The caller holds the output's lock.</summary>
    /// <param name="output">A full path without a separator at its end.</param>
    /// <param name="entryFolder">Where the entry lies.</param>
    /// <param name="manifest">What it holds.</param>
    /// <param name="verify">Whether to compare every byte with the digests; sizes are compared always.</param>
    /// <param name="cancellationToken">Until the last step, leaves the old result in its place.</param>
    /// <exception cref="DamagedEntryException">A file differs; the old result is still in its place.</exception>
    /// <exception cref="GptqException">GPTQ5105: what is there is no result. GPTQ5107: it cannot be replaced.</exception>
    public static void Replace(string output, string entryFolder, CacheManifest manifest, bool verify, CancellationToken cancellationToken)
    {
        RefuseStrangers(output);
        var temporary = TemporaryPrefix(output);
        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        CleanLeftovers(output);
        var fresh = temporary + Guid.NewGuid().ToString("N");
        try
        {
            Fill(fresh, entryFolder, manifest, verify, cancellationToken);
            Swap(fresh, output, temporary);
        }
        finally
        {
            TryDelete(fresh); // what is under this name now is a half result, or the old one
        }
    }

    /// <summary>Removes what a killed process left beside an output folder.</summary>
    public static void CleanLeftovers(string output)
    {
        var prefix = TemporaryPrefix(output);
        foreach (var leftover in Directory.EnumerateDirectories(Path.GetDirectoryName(output)!))
        {
            if (leftover.StartsWith(prefix, StringComparison.Ordinal))
                TryDelete(leftover);
        }
    }

    private static string TemporaryPrefix(string output) =>
        Path.Combine(Path.GetDirectoryName(output)!, $".{Path.GetFileName(output)}.gptq-");

    private static void RefuseStrangers(string output)
    {
        if (File.Exists(output)
            || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any() && !File.Exists(Path.Combine(output, ResultMarker))))
        {
            throw new GptqException(
                "GPTQ5105",
                $"'{output}' holds something that is no quantized model (it has no {ResultMarker}), so it is not replaced. "
                + "Delete it if it is not needed, or name another output folder.",
                output);
        }
    }

    private static void Fill(string folder, string entryFolder, CacheManifest manifest, bool verify, CancellationToken cancellationToken)
    {
        foreach (var parent in manifest.Files.Select(file => Path.GetDirectoryName(Path.Combine(folder, file.Path))!).Append(folder).Distinct())
            Directory.CreateDirectory(parent);
        ParallelWork.For(manifest.Files.Count, Environment.ProcessorCount, i =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var file = manifest.Files[i];
            var source = CacheManifest.FileIn(entryFolder, file);
            var target = Path.Combine(folder, file.Path);
            string? sha256 = null;
            if (!FileSystemCalls.TryHardLink(source, target))
                sha256 = Copy(source, target, cancellationToken);
            else if (verify)
                sha256 = Sha256Digest.OfFile(target, cancellationToken: cancellationToken);
            if (new FileInfo(target).Length != file.Size || (sha256 is not null && sha256 != file.Sha256))
                throw new DamagedEntryException($"{file.Path} is not what was written");
        }, cancellationToken);
        DurableFolder.FlushFolders(folder);
    }

    private static string Copy(string source, string target, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (var reader = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.SequentialScan))
        using (var writer = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0))
        {
            var chunk = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(reader.Length, 1, ChunkBytes));
            int read;
            while ((read = reader.Read(chunk)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(chunk, 0, read);
                writer.Write(chunk, 0, read);
            }
            writer.Flush(flushToDisk: true);
        }
        DurableFolder.MakeReadOnly(target);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Swap(string fresh, string output, string temporary)
    {
        try
        {
            if (!Directory.Exists(output))
                Directory.Move(fresh, output);
            else if (!FileSystemCalls.TryExchange(fresh, output))
                MoveAsideAndIn(fresh, output, temporary + Guid.NewGuid().ToString("N"));
            FileSystemCalls.FlushFolder(Path.GetDirectoryName(output)!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !DiskFull.Is(exception))
        {
            throw new GptqException(
                "GPTQ5107",
                $"The old result in '{output}' cannot be replaced: {exception.Message} Close the programs that use it, then build again.",
                output,
                exception);
        }
    }

    // Two steps, for systems that cannot exchange: between them there is no folder under the name, but never a part of one.
    private static void MoveAsideAndIn(string fresh, string output, string aside)
    {
        Directory.Move(output, aside);
        try
        {
            Directory.Move(fresh, output);
        }
        catch
        {
            Directory.Move(aside, output);
            throw;
        }
        TryDelete(aside);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            DurableFolder.Delete(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A file in it is open; the next build removes it.
        }
    }
}
