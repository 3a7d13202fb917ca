using Gptq.Tokenizers.Decoding;
using Gptq.Tokenizers.PreTokenization;

namespace Gptq.Tokenizers.Loading;

/// <summary>Reads the "decoder" of a tokenizer.json: a sequence of steps, as one plan.</summary>
internal static class DecoderJson
{
    public static DecoderPlan Read(JsonValue? decoder)
    {
        // Without a decoder, tokens are words.
        if (decoder is not { } value) return new DecoderPlan { Separator = " " };
        var plan = new DecoderPlan();
        var fused = false;
        foreach (var step in Steps(value)) plan = Add(plan, step, ref fused);
        return plan;
    }

    private static IEnumerable<JsonValue> Steps(JsonValue value) =>
        value.Get("type").String() == "Sequence" ? value.Get("decoders").Items().SelectMany(Steps) : [value];

    private static DecoderPlan Add(DecoderPlan plan, JsonValue step, ref bool fused)
    {
        var type = step.Get("type").String();
        if (fused && type is not ("Strip" or "Fuse")) throw step.Error($"({type}) follows Fuse, which is not supported");
        switch (type)
        {
            case "ByteLevel":
                return plan with { ByteLevel = true };
            case "ByteFallback":
                return plan with { ByteFallback = true };
            case "Fuse":
                fused = true;
                return plan;
            case "Replace" when !plan.ByteFallback:
                var pattern = step.Get("pattern");
                var old = pattern.IsString ? pattern.String() : pattern.Get("String").String();
                return old.Length == 0 ? plan : plan with { Replacements = [.. plan.Replacements, (old, step.Get("content").String())] };
            case "Strip" when fused && plan.StripAtStart == 0:
                if (step.Get("stop").Id() != 0) throw step.Error("strips at the end, which is not supported");
                if (step.Get("content").String() is not [var character]) throw step.Error("must strip one character");
                return plan with { StripAtStart = step.Get("start").Id(), StrippedCharacter = character };
            case "Metaspace" when !plan.ByteFallback:
                var mark = step.FindString("replacement") ?? "▁";
                if (mark.Length == 0) throw step.Error("has an empty replacement");
                plan = plan with { Replacements = [.. plan.Replacements, (mark, " ")] };
                return PreTokenizerJson.ReadPrependScheme(step) == PrependScheme.Never ? plan : plan with { FirstTokenLoses = mark };
            default:
                throw step.Error($"is of type {type} at a place where that is not supported");
        }
    }
}
