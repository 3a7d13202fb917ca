using Gptq.Quantization.Checkpoints.Hub;

namespace Gptq.Quantization.Checkpoints.Locating;

/// <content>The part that asks the hub.</content>
public static partial class CheckpointLocator
{
    /// <summary>Finds a checkpoint on this machine, else downloads it.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="download">Whether the hub may be asked, GptqDownload.</param>
    /// <param name="options">How; what the environment of <paramref name="request"/> says when null.</param>
    /// <param name="progress">Told about bytes that arrive; called from several threads.</param>
    /// <param name="cancellation">Ends the download; the next one goes on from there.</param>
    /// <returns>Where the checkpoint is.</returns>
    /// <exception cref="GptqException">GPTQ2401: no folder and no name. GPTQ2402: not here, and nothing may be downloaded. GPTQ24xx: see <see cref="HubClient"/>.</exception>
    public static async Task<CheckpointLocation> LocateAsync(
        CheckpointRequest request,
        bool download,
        HubOptions? options = null,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Find(request) is { } found)
        {
            return found;
        }

        var repository = Repository(request) ?? throw LocatingErrors.NoName(request.Include);
        options ??= HubOptions.FromEnvironment(request.Environment);
        if (!download || options.Offline)
        {
            throw LocatingErrors.NotHere(request, repository, download ? "HF_HUB_OFFLINE is set" : "GptqDownload is false");
        }

        var snapshot = await HubClient.DownloadAsync(repository, Revision(request), options, progress, cancellation).ConfigureAwait(false);
        return new CheckpointLocation(snapshot, CheckpointOrigin.Hub, repository);
    }
}
