using Gptq.Tokenizers.Decoding;
using Gptq.Tokenizers.Models;
using Gptq.Tokenizers.Normalization;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Loading;

/// <summary>A tokenizer's parts, whatever format they came in.</summary>
internal sealed record TokenizerDefinition
{
    public required Vocabulary Vocabulary { get; init; }

    public required ITokenModel Model { get; init; }

    public INormalizer? Normalizer { get; init; }

    public IPreTokenizer? PreTokenizer { get; init; }

    public required DecoderPlan Decoder { get; init; }

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>What the format itself puts around a text.</summary>
    public Template Template { get; init; } = Template.Empty;
}
