using System.Diagnostics;
using System.Globalization;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Bundles;
using Gptq.Quantization.Caching;
using Gptq.Quantization.Caching.Remote;
using Gptq.Quantization.Calibration;
using Gptq.Quantization.Checkpoints;
using Gptq.Quantization.Devices;
using Gptq.Quantization.Options;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>The way through: find the checkpoint, look in the cache, calibrate and solve block by block, write the bundle.</summary>
public static class QuantizationPipeline
{
    /// <summary>Raised whenever the same input gives other bytes than before.</summary>
    public const int FormatVersion = 4;

    /// <summary>Makes the bundle that a request asks for.</summary>
    /// <param name="request">What, how, where to.</param>
    /// <param name="progress">Told how far it is; from several threads.</param>
    /// <param name="cancellation">Stops within a layer; what is finished is kept for the next run.</param>
    /// <exception cref="GptqException">Whatever a person can get wrong, with its code.</exception>
    public static async Task<QuantizationSummary> RunAsync(QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(progress);
        var clock = Stopwatch.StartNew();
        var warnings = new List<GptqWarning>();
        progress.Report(new PipelineProgress(PipelinePhase.Prepare, 0, 3, request.Model));
        var directory = await ModelLocation.FindAsync(request, progress, cancellation).ConfigureAwait(false);
        using var source = ModelSource.Open(directory);
        warnings.AddRange(source.Architecture.Warnings);
        var plan = QuantizationPlan.Create(source.Architecture, request.Options, source.Checkpoint.Quantized);
        warnings.AddRange(plan.Warnings);
        var corpus = CalibrationCorpus.Find(request.Options.CalibrationData, request.ProjectDirectory);

        progress.Report(new PipelineProgress(PipelinePhase.Prepare, 1, 3, "checkpoint digests"));
        using var cache = new ResultCache(new ResultCacheOptions
        {
            Folder = request.CacheDirectory,
            ScratchFolder = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(request.OutputDirectory))!, ".gptq"),
            Remote = RemoteCacheOptions.Create(request.RemoteCache),
            OnWarning = warning => { lock (warnings) warnings.Add(warning); },
        });
        var selection = await DeviceSelector.SelectAsync(
            request.Device, request.Cuda, DeviceNeeds.Of(source.Architecture), request.Download,
            detail => progress.Report(new PipelineProgress(PipelinePhase.Prepare, 1, 3, detail)), cancellation).ConfigureAwait(false);
        var key = await KeyAsync(request, selection, source, corpus, cancellation).ConfigureAwait(false);
        using var entry = await cache.AcquireAsync(
            key, () => progress.Report(new PipelineProgress(PipelinePhase.Prepare, 2, 3, "waiting for another build of this model")), cancellation).ConfigureAwait(false);
        progress.Report(new PipelineProgress(PipelinePhase.Prepare, 3, 3, request.Name));

        var hit = await entry.TryMaterializeAsync(request.OutputDirectory, cancellation).ConfigureAwait(false);
        if (hit == CacheHit.None)
        {
            var journal = await entry.OpenJournalAsync(cancellation).ConfigureAwait(false);
            // Not before: what is in the cache needs no device.
            using var device = await DeviceLock.AcquireAsync(
                request.DeviceLocks, selection.Kind, () => progress.Report(new PipelineProgress(PipelinePhase.Prepare, 3, 3, "waiting for another model on this device")), cancellation).ConfigureAwait(false);
            using var staging = entry.BeginStaging();
            try
            {
                await Task.Run(
                    () =>
                    {
                        var store = new ResultStore(journal, Preparation.IsKept(source, plan, corpus, request.Options));
                        progress.Report(new PipelineProgress(PipelinePhase.Prepare, 3, 3, selection.Statement));
                        var run = DeviceRun.Start(request.Device, selection, request.Cuda, request.Threads);
                        var preparation = Preparation.Make(source, plan, corpus, request, store, run, progress, cancellation);
                        ModelQuantizer.Run(source, preparation, request.Options, store, run, request.Threads, progress, cancellation);
                        warnings.AddRange(run.Warnings());
                        progress.Report(new PipelineProgress(PipelinePhase.Write, 0, 1, request.Name));
                        BundleWriter.Write(source, preparation, request.Options, corpus, store, run.Description, staging.Directory, cancellation);
                    },
                    cancellation).ConfigureAwait(false);
            }
            catch (IOException exception) when (DiskFull.Is(exception))
            {
                throw DiskFull.Error(staging.Directory, exception);
            }
            await entry.CommitAsync(staging, new Dictionary<string, string> { ["model"] = request.Name }, cancellation).ConfigureAwait(false);
            await entry.TryMaterializeAsync(request.OutputDirectory, cancellation).ConfigureAwait(false);
            progress.Report(new PipelineProgress(PipelinePhase.Write, 1, 1, request.Name));
        }

        if (request.Gate is { } gate) await PassAsync(gate, source, request, progress, cancellation).ConfigureAwait(false);
        var manifest = BundleManifest.Of(request.OutputDirectory, [.. source.WeightFiles, .. source.TextFiles, .. corpus.Files]);
        if (request.ManifestPath is { } path) manifest.Save(path);
        warnings.AddRange(BundleManifest.WarningsOf(request.OutputDirectory));
        return new QuantizationSummary(request.Name, request.OutputDirectory, hit != CacheHit.None, manifest.Files.Sum(file => file.Size), clock.Elapsed, warnings);
    }

    private static async Task PassAsync(
        Action<ModelSource, string, IProgress<PipelineProgress>, CancellationToken> gate, ModelSource source, QuantizationRequest request, IProgress<PipelineProgress> progress, CancellationToken cancellation)
    {
        progress.Report(new PipelineProgress(PipelinePhase.Evaluate, 0, 1, request.Name));
        try
        {
            await Task.Run(() => gate(source, request.OutputDirectory, progress, cancellation), cancellation).ConfigureAwait(false);
        }
        catch
        {
            // The result stays in the cache: a build with another limit takes it from there.
            // Windows alone refuses to delete read-only files; elsewhere lifting the attribute would lift it from the cache's hard links too.
            if (OperatingSystem.IsWindows())
                foreach (var file in Directory.EnumerateFiles(request.OutputDirectory, "*", SearchOption.AllDirectories)) File.SetAttributes(file, FileAttributes.Normal);
            Directory.Delete(request.OutputDirectory, recursive: true);
            throw;
        }
        progress.Report(new PipelineProgress(PipelinePhase.Evaluate, 1, 1, request.Name));
    }

    // Everything that decides the bundle's bytes, and nothing else: not where files lie, not how many threads there are.
    private static async Task<CacheKey> KeyAsync(QuantizationRequest request, DeviceSelection selection, ModelSource source, CalibrationCorpus corpus, CancellationToken cancellation)
    {
        var files = source.WeightFiles.Concat(source.TextFiles).ToList();
        var digests = await new FileDigests(request.CacheDirectory).ComputeAsync(files, hashedBytes: null, cancellation).ConfigureAwait(false);
        var builder = new CacheKeyBuilder(FormatVersion)
            .AddText("engine", typeof(QuantizationPipeline).Assembly.GetName().Version!.ToString())
            .AddText("options", OptionsJson.Of(request.Options).ToJsonString())
            .AddText("calibration", corpus.Digest);
        // Sums in another order, products in float16: a device gives other codes now and then.
        if (selection.Gpus.Count > 0) builder.AddText("device", selection.Kind);
        for (var i = 0; i < files.Count; i++)
            builder.AddFile(string.Create(CultureInfo.InvariantCulture, $"{(i < source.WeightFiles.Count ? "weights" : "text")}/{Path.GetFileName(files[i])}"), digests[i]);
        return builder.Build();
    }
}
