namespace Gptq.Tokenizers.Loading;

/// <summary>Reads an added token's object, as tokenizer.json, tokenizer_config.json and special_tokens_map.json write it.</summary>
internal static class AddedTokenReader
{
    public static AddedToken Read(JsonValue token, int id)
    {
        var special = token.FindBoolean("special") ?? false;
        return new AddedToken(id, token.Get("content").String())
        {
            Special = special,
            Normalized = token.FindBoolean("normalized") ?? !special,
            StripLeft = token.FindBoolean("lstrip") ?? false,
            StripRight = token.FindBoolean("rstrip") ?? false,
            SingleWord = token.FindBoolean("single_word") ?? false,
        };
    }
}
