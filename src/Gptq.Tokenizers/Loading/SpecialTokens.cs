namespace Gptq.Tokenizers.Loading;

/// <summary>What the files beside the vocabulary say about the tokens with a role.</summary>
internal sealed record SpecialTokens
{
    public string? Bos { get; init; }

    public string? Eos { get; init; }

    public string? Unknown { get; init; }

    public string? Pad { get; init; }

    /// <summary>Whether BOS begins each text; null where nothing is said.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Whether EOS ends each text; null where nothing is said.</summary>
    public bool? AddEos { get; init; }

    /// <summary>Whether each stretch of text gets a space in front, not only the first; null where nothing is said.</summary>
    public bool? Legacy { get; init; }

    public bool? AddPrefixSpace { get; init; }

    public string? ChatTemplate { get; init; }

    /// <summary>The ids that end generation, where the checkpoint's configuration lists them.</summary>
    public IReadOnlyList<int> EosIds { get; init; } = [];

    /// <summary>Added tokens by content; the id is null where the vocabulary has it.</summary>
    public IReadOnlyList<(string Content, int? Id, AddedToken Flags)> Added { get; init; } = [];

    /// <summary>Reads tokenizer_config.json, special_tokens_map.json, added_tokens.json, chat_template.jinja and the model's configuration.</summary>
    /// <exception cref="TokenizerFormatException">One of them is damaged.</exception>
    public static SpecialTokens Read(string directory)
    {
        var config = ReadIfThere(directory, TokenizerFiles.Config);
        var map = ReadIfThere(directory, TokenizerFiles.SpecialTokensMap);
        var added = new Dictionary<string, (string, int?, AddedToken)>(StringComparer.Ordinal);
        foreach (var (content, id) in ReadIfThere(directory, TokenizerFiles.AddedTokens)?.Properties() ?? [])
            added[content] = (content, id.Id(), new AddedToken(0, content) { Normalized = true });
        foreach (var (name, token) in config?.Find("added_tokens_decoder")?.Properties() ?? [])
        {
            if (!int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id))
                throw token.Error($"has \"{name}\" where an id is expected");
            var flags = AddedTokenReader.Read(token, id);
            added[flags.Content] = (flags.Content, id, flags);
        }

        foreach (var token in new[] { config, map }.SelectMany(file => file?.Find("additional_special_tokens")?.Items() ?? []))
        {
            var flags = Flags(token);
            added.TryAdd(flags.Content, (flags.Content, null, flags));
        }

        var tokens = new SpecialTokens
        {
            Bos = Token("bos_token"),
            Eos = Token("eos_token"),
            Unknown = Token("unk_token"),
            Pad = Token("pad_token"),
            AddBos = config?.FindBoolean("add_bos_token"),
            AddEos = config?.FindBoolean("add_eos_token"),
            Legacy = config?.FindBoolean("legacy"),
            AddPrefixSpace = config?.FindBoolean("add_prefix_space"),
            ChatTemplate = ReadChatTemplate(directory, config),
            EosIds = ReadEosIds(directory),
        };
        foreach (var name in new[] { "bos_token", "eos_token", "unk_token", "pad_token" })
            if ((config?.Find(name) ?? map?.Find(name)) is { } token && Flags(token) is var flags)
                added.TryAdd(flags.Content, (flags.Content, null, flags));
        return tokens with { Added = [.. added.Values] };

        string? Token(string name) => (config?.Find(name) ?? map?.Find(name)) is { } token ? Flags(token).Content : null;
    }

    private static AddedToken Flags(JsonValue token) => token.IsString
        ? new AddedToken(0, token.String()) { Special = true }
        : AddedTokenReader.Read(token, 0) with { Special = true };

    private static JsonValue? ReadIfThere(string directory, string name) =>
        Path.Combine(directory, name) is var file && File.Exists(file) ? JsonValue.Read(file) : null;

    private static string? ReadChatTemplate(string directory, JsonValue? config)
    {
        var file = Path.Combine(directory, TokenizerFiles.ChatTemplate);
        if (File.Exists(file)) return System.Text.Encoding.UTF8.GetString(TokenizerFiles.ReadBytes(file));
        if (config?.Find("chat_template") is not { } template) return null;
        if (template.IsString) return template.String();
        var named = template.Items().ToList();
        return named.Find(item => item.FindString("name") == "default") is { IsObject: true } chosen ? chosen.Get("template").String() : null;
    }

    private static IReadOnlyList<int> ReadEosIds(string directory)
    {
        foreach (var name in new[] { "generation_config.json", "config.json" })
        {
            if (ReadIfThere(directory, name)?.Find("eos_token_id") is not { } ids) continue;
            return ids.IsArray ? [.. ids.Items().Select(id => id.Id())] : [ids.Id()];
        }

        return [];
    }
}
