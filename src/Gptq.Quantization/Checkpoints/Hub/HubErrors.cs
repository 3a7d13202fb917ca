using System.Net;

namespace Gptq.Quantization.Checkpoints.Hub;

/// <summary>What went wrong on the way to a model, and what its user can do.</summary>
/// <param name="endpoint">The hub.</param>
/// <param name="repository">The model.</param>
/// <param name="revision">The revision.</param>
/// <param name="hasToken">Whether a token was sent.</param>
internal sealed class HubErrors(Uri endpoint, string repository, string revision, bool hasToken)
{
    private string Page => $"{endpoint.AbsoluteUri.TrimEnd('/')}/{repository}";

    /// <summary>The failure that an answer stands for, which no further attempt would change.</summary>
    public GptqException Refused(HttpResponseMessage response, string what)
    {
        var code = response.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.FirstOrDefault() : null;
        return (code, response.StatusCode) switch
        {
            ("GatedRepo", _) => Access(
                $"'{repository}' is gated: its authors want their terms accepted. Accept them at {Page}, then set HF_TOKEN to a token of your account"
                    + $" ({endpoint.AbsoluteUri.TrimEnd('/')}/settings/tokens)."),
            ("RevisionNotFound", _) => new("GPTQ2405", $"'{repository}' has no revision '{revision}'. {Page}/tree/main lists its branches; a commit has 40 digits."),
            ("RepoNotFound", _) or (_, HttpStatusCode.NotFound) when !IsFile(what, code) => NoModel(),
            (_, HttpStatusCode.Unauthorized) when !hasToken => NoModel(),
            (_, HttpStatusCode.Unauthorized) => Access($"{endpoint.Host} does not accept the token for '{repository}'. It may have expired: set HF_TOKEN to a new one."),
            (_, HttpStatusCode.Forbidden) => Access(
                $"{endpoint.Host} refuses access to '{repository}'. {(hasToken ? "The token lacks the right to read it" : "It needs a token")}: "
                    + $"open {Page}, ask for access there, and set HF_TOKEN to a token that may read it."),
            _ => Unusable($"it answers {(int)response.StatusCode} {response.ReasonPhrase} when asked for {what}"),
        };
    }

    public GptqException Unreachable(string what, HubInterruption cause)
        => new(
            "GPTQ2406",
            $"{what} of '{repository}' could not be downloaded from {endpoint.Host}: {cause.Message}. Build again later, what is here is kept. Behind a proxy set "
                + "HTTPS_PROXY, for a mirror HF_ENDPOINT; or download the model elsewhere and name its folder.",
            inner: cause);

    public GptqException WrongChecksum(string file)
        => new("GPTQ2407", $"{file} of '{repository}' came with the wrong checksum twice, so it was deleted. A proxy or mirror ({endpoint.Host}) may change files: try another network.");

    public GptqException Unusable(string what, Exception? inner = null)
        => new("GPTQ2410", $"{endpoint.Host} does not answer as a Hugging Face hub does about '{repository}': {what}. Check HF_ENDPOINT and proxies.", inner: inner);

    public GptqException NoWeights()
        => new(
            "GPTQ2411",
            $"'{repository}' has no weights that can be read: no model.safetensors, pytorch_model.bin, or index of shards. See {Page}/tree/{revision}; "
                + "models in GGUF and other converted forms usually name the original they were made from.");

    private static GptqException Access(string message) => new("GPTQ2404", message);

    private static bool IsFile(string what, string? code) => code == "EntryNotFound" || (code is null && what != HubRepository.What);

    private GptqException NoModel()
        => new(
            "GPTQ2403",
            $"{endpoint.Host} has no model '{repository}'{(hasToken ? "" : ", or it is private")}. Check the spelling of owner and name at {Page}"
                + (hasToken ? "." : "; for a private model set HF_TOKEN."));
}
