using Gptq.Tokenizers.Normalization;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads the "normalizer" of a tokenizer.json.</summary>
internal static class NormalizerJson
{
    public static INormalizer Read(JsonValue value) => value.Get("type").String() switch
    {
        "Sequence" => new SequenceNormalizer([.. value.Get("normalizers").Items().Select(Read)]),
        "NFC" => new UnicodeNormalizer(compatibility: false, compose: true),
        "NFD" => new UnicodeNormalizer(compatibility: false, compose: false),
        "NFKC" => new UnicodeNormalizer(compatibility: true, compose: true),
        "NFKD" => new UnicodeNormalizer(compatibility: true, compose: false),
        "Prepend" => TextNormalizer.Prepend(value.Get("prepend").String()),
        "Replace" => new ReplaceNormalizer(PatternJson.Read(value.Get("pattern")), value.Get("content").String()),
        "Strip" => TextNormalizer.Strip(value.FindBoolean("strip_left") ?? true, value.FindBoolean("strip_right") ?? true),
        "StripAccents" => TextNormalizer.StripAccents,
        "Lowercase" => TextNormalizer.Lowercase,
        "ByteLevel" => TextNormalizer.ByteLevel,
        "Precompiled" => ReadPrecompiled(value.Get("precompiled_charsmap")),
        var type => throw value.Error($"is of type {type}, which is not supported"),
    };

    private static PrecompiledNormalizer ReadPrecompiled(JsonValue map)
    {
        if (!map.IsString || !map.Element.TryGetBytesFromBase64(out var bytes)) throw map.Error("must be a string in Base64");
        try
        {
            return new PrecompiledNormalizer(new CharsMap(bytes));
        }
        catch (InvalidDataException exception)
        {
            throw new TokenizerFormatException(map.File, exception.Message, exception);
        }
    }
}
