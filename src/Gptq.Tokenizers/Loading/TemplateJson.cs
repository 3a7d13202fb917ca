namespace Gptq.Tokenizers.Loading;

/// <summary>Reads the "post_processor" of a tokenizer.json, as far as it concerns single texts.</summary>
internal static class TemplateJson
{
    public static Template Read(JsonValue value) => value.Get("type").String() switch
    {
        "Sequence" => value.Get("processors").Items().Select(Read).Aggregate(Template.Empty, Around),
        "ByteLevel" => Template.Empty,
        "TemplateProcessing" => ReadTemplate(value),
        "BertProcessing" or "RobertaProcessing" => new Template([Second(value.Get("cls"))], [Second(value.Get("sep"))]),
        var type => throw value.Error($"is of type {type}, which is not supported"),
    };

    /// <summary>A later step goes around what the earlier ones made.</summary>
    private static Template Around(Template inner, Template outer) => new([.. outer.Before, .. inner.Before], [.. inner.After, .. outer.After]);

    private static int Second(JsonValue pair) => pair.Items().Skip(1).FirstOrDefault() is { File: not null } id ? id.Id() : throw pair.Error("must be a token and its id");

    private static Template ReadTemplate(JsonValue value)
    {
        List<int> before = [], after = [];
        var texts = 0;
        foreach (var item in value.Get("single").Items())
        {
            if (item.Find("Sequence") is not null)
            {
                texts++;
                continue;
            }

            var name = item.Get("SpecialToken").Get("id").String();
            var ids = value.Get("special_tokens").Get(name).Get("ids").Items().Select(id => id.Id());
            (texts == 0 ? before : after).AddRange(ids);
        }

        return texts == 1 ? new Template(before, after) : throw value.Error("must hold the text exactly once");
    }
}
