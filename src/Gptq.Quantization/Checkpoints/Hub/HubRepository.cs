using System.Text.Json;
using Gptq.Quantization.Checkpoints.Files;
using Gptq.Quantization.Checkpoints.Locating;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>What the hub says about a model: the commit that a revision is at, and its files.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Files">The names of the files in its root.</param>
internal sealed record HubRepository(string Commit, IReadOnlySet<string> Files)
{
    /// <summary>What is asked for here, in messages.</summary>
    public const string What = "the list of files";

    private const int MaxLength = 64 << 20;

    /// <summary>Asks the hub.</summary>
    public static async Task<HubRepository> ReadAsync(HubConnection connection, string repository, string revision, CancellationToken cancellation)
    {
        var address = connection.Address($"api/models/{repository}/revision/{Uri.EscapeDataString(revision)}");
        var json = await connection.RetryAsync(
            What,
            async token =>
            {
                using var response = await connection.SendAsync(HttpMethod.Get, address, 0, null, What, token).ConfigureAwait(false);
                return await connection.StepAsync(step => ReadBodyAsync(connection, response, step), token).ConfigureAwait(false);
            },
            () => 0,
            cancellation).ConfigureAwait(false);
        try
        {
            return Parse(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw connection.Errors.Unusable("its list of files is no such list", e);
        }
    }

    private static async Task<byte[]> ReadBodyAsync(HubConnection connection, HttpResponseMessage response, CancellationToken cancellation)
    {
        var body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = await body.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > MaxLength)
            {
                throw connection.Errors.Unusable($"its list of files has more than {MaxLength} bytes");
            }
        }

        return bytes.ToArray();
    }

    private static HubRepository Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        var commit = document.RootElement.GetProperty("sha").GetString() ?? "";
        if (!RepositoryName.IsCommit(commit))
        {
            throw new JsonException("sha is no commit.");
        }

        // Files in folders are of no use here, and names that are no plain names could leave the cache.
        var files = document.RootElement.GetProperty("siblings").EnumerateArray()
            .Select(file => file.GetProperty("rfilename").GetString() ?? "")
            .Where(FileNames.IsPlain)
            .ToHashSet(StringComparer.Ordinal);
        return new HubRepository(commit, files);
    }
}
