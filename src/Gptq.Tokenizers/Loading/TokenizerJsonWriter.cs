using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gptq.Tokenizers.Loading;

/// <summary>Writes vocab.json with merges.txt as the one tokenizer.json that other runtimes ask for (Hugging Face's tokenizers library, version 1.0).</summary>
internal static class TokenizerJsonWriter
{
    /// <param name="directory">Holds vocab.json and merges.txt.</param>
    /// <param name="stream">Receives UTF-8.</param>
    public static void Write(string directory, Stream stream)
    {
        var (definition, special) = VocabAndMergesReader.Read(directory, SpecialTokens.Read(directory));
        var addPrefixSpace = special.AddPrefixSpace ?? false;
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAddedTokens(json, definition);
        json.WriteNull("normalizer");
        WriteByteLevel(json, "pre_tokenizer", addPrefixSpace);
        WritePostProcessor(json, definition, special, addPrefixSpace);
        WriteByteLevel(json, "decoder", addPrefixSpace);
        WriteModel(json, definition.Vocabulary, Path.Combine(directory, TokenizerFiles.Merges));
        json.WriteEndObject();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, TokenizerDefinition definition)
    {
        json.WriteStartArray("added_tokens");
        foreach (var token in definition.AddedTokens.OrderBy(token => token.Id))
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.StripLeft);
            json.WriteBoolean("rstrip", token.StripRight);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, string name, bool addPrefixSpace)
    {
        json.WriteStartObject(name);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", true);
        json.WriteEndObject();
    }

    /// <summary>BOS before and EOS behind a text, where the files beside the vocabulary ask for them.</summary>
    private static void WritePostProcessor(Utf8JsonWriter json, TokenizerDefinition definition, SpecialTokens special, bool addPrefixSpace)
    {
        string? Wanted(string? token, bool? add) => add == true && token is not null && IdOf(token) is not null ? token : null;
        int? IdOf(string token) => definition.AddedTokens.FirstOrDefault(added => added.Content == token)?.Id ?? (definition.Vocabulary.TryGetId(token, out var id) ? id : null);
        var (first, last) = (Wanted(special.Bos, special.AddBos), Wanted(special.Eos, special.AddEos));
        if (first is null && last is null)
        {
            WriteByteLevel(json, "post_processor", addPrefixSpace);
            return;
        }

        json.WriteStartObject("post_processor");
        json.WriteString("type", "TemplateProcessing");
        foreach (var (name, sequences) in new[] { ("single", new[] { "A" }), ("pair", ["A", "B"]) })
        {
            json.WriteStartArray(name);
            for (var type = 0; type < sequences.Length; type++)
            {
                if (first is not null) WritePart("SpecialToken", first, type);
                WritePart("Sequence", sequences[type], type);
                if (last is not null) WritePart("SpecialToken", last, type);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("special_tokens");
        foreach (var token in new[] { first, last }.OfType<string>().Distinct())
        {
            json.WriteStartObject(token);
            json.WriteString("id", token);
            json.WriteStartArray("ids");
            json.WriteNumberValue(IdOf(token)!.Value);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            json.WriteStringValue(token);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();

        void WritePart(string kind, string id, int type)
        {
            json.WriteStartObject();
            json.WriteStartObject(kind);
            json.WriteString("id", id);
            json.WriteNumber("type_id", type);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void WriteModel(Utf8JsonWriter json, Vocabulary vocabulary, string mergesFile)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteString("continuing_subword_prefix", "");
        json.WriteString("end_of_word_suffix", "");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteStartObject("vocab");
        for (var id = 0; id < vocabulary.Size; id++)
            if (vocabulary.TryGetToken(id, out var token)) json.WriteNumber(token, id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var pair in VocabAndMergesReader.MergeLines(mergesFile)) json.WriteStringValue(pair.Text);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
