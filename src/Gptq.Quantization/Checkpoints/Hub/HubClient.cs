using Gptq.Quantization.Checkpoints.Files;
using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>Downloads models from the Hugging Face hub, or a mirror of it, into the cache that all Hugging Face tools share.</summary>
public static class HubClient
{
    /// <summary>Downloads what is missing of a model: configuration, tokenizer, and its weights in one format.</summary>
    /// <param name="repository">The model, owner/name, or an alias such as opt-125m.</param>
    /// <param name="revision">A branch, tag or commit.</param>
    /// <param name="options">How to reach the hub, and the cache.</param>
    /// <param name="progress">Told about bytes that arrive; called from several threads.</param>
    /// <param name="cancellation">Ends the download; what is here is kept, and the next one goes on from there.</param>
    /// <returns>The full path of the snapshot, the folder with the model's files.</returns>
    /// <exception cref="GptqException">
    /// GPTQ2401: no name. GPTQ2402: offline. GPTQ2403: no such model. GPTQ2404: no access. GPTQ2405: no such revision. GPTQ2406: not reachable.
    /// GPTQ2407: wrong checksum. GPTQ2408: disk full. GPTQ2409: cache not writable. GPTQ2410: no hub. GPTQ2411: no weights.
    /// </exception>
    public static async Task<string> DownloadAsync(
        string repository, string revision, HubOptions options, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(revision);
        ArgumentNullException.ThrowIfNull(options);
        repository = ModelAliases.Resolve(repository);
        LocatingErrors.CheckNames(repository, revision);
        if (options.Offline)
        {
            throw new GptqException("GPTQ2402", $"'{repository}' is not downloaded because HF_HUB_OFFLINE is set. Unset it, or name a folder that holds the model.");
        }

        var errors = new HubErrors(options.Endpoint, repository, revision, options.Token is not null);
        using var connection = new HubConnection(options, errors);
        var model = await HubRepository.ReadAsync(connection, repository, revision, cancellation).ConfigureAwait(false);
        var weights = HubSelection.WeightsIn(model.Files) ?? throw errors.NoWeights();
        var counter = new ProgressCounter(progress);
        var transfer = new HubTransfer(connection, options, repository, model.Commit, counter);

        // The weights come last: a snapshot with weights has everything else.
        await FetchAllAsync(HubSelection.CompanionsIn(model.Files)).ConfigureAwait(false);
        await FetchAllAsync([weights]).ConfigureAwait(false);
        if (HubSelection.IsIndex(weights))
        {
            var shards = WeightIndex.Load(Path.Combine(transfer.Snapshot, weights)).ShardNames;
            await FetchAllAsync(shards.All(model.Files.Contains) ? shards : throw errors.Unusable($"{weights} names files that the model does not have"))
                .ConfigureAwait(false);
        }

        WriteReference(new HubCache(options.CacheDirectory).Reference(repository, revision), model.Commit, revision);
        return transfer.Snapshot;

        async Task FetchAllAsync(IEnumerable<string> names)
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.ParallelFiles, CancellationToken = cancellation };
            var order = names.ToList();
            var files = new HubFile[order.Count];
            await Parallel.ForAsync(0, files.Length, parallel, async (i, token) => files[i] = await transfer.DescribeAsync(order[i], token).ConfigureAwait(false))
                .ConfigureAwait(false);
            Array.ForEach(files, counter.Add);
            RequireRoom(options.CacheDirectory, files.Where(file => !transfer.IsHere(file)).Sum(file => file.Size));
            await Parallel.ForEachAsync(files, parallel, async (file, token) => await transfer.FetchAsync(file, token).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    /// <summary>Says that the disk is too small before an hour's download shows it.</summary>
    private static void RequireRoom(string cache, long bytes)
    {
        try
        {
            Directory.CreateDirectory(cache);
            var free = new DriveInfo(Path.GetFullPath(cache)).AvailableFreeSpace;
            if (free < bytes)
            {
                throw CacheErrors.Full(cache, detail: $": {bytes >> 20} MB are to be downloaded, {free >> 20} MB are free");
            }
        }
        catch (ArgumentException)
        {
            // The cache is on another machine's share, whose room Windows does not tell.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, cache);
        }
    }

    /// <summary>Remembers the commit of a branch or tag, now that all of it is here.</summary>
    private static void WriteReference(string path, string commit, string revision)
    {
        if (RepositoryName.IsCommit(revision))
        {
            return;
        }

        var partial = $"{path}.{Environment.ProcessId}.incomplete";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(partial, commit);
            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CacheErrors.From(e, path);
        }
    }
}
