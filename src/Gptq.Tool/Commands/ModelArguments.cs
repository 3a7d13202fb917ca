using System.CommandLine;
using System.Globalization;

namespace Gptq.Tool.Commands;

/// <summary>Arguments that several commands take.</summary>
internal static class ModelArguments
{
    public static Argument<string> Bundle() => new("bundle") { Description = "The folder of a quantized model: models/<name> beside the app." };

    public static Option<bool> Json() => new("--json") { Description = "JSON instead of text." };

    public static Option<int?> Threads() => Whole("--threads", "Threads of the model [default: as many as physical cores].", least: 1);

    /// <summary>An optional whole number that is at least <paramref name="least"/>.</summary>
    public static Option<int?> Whole(string name, string description, int least) => new(name)
    {
        HelpName = "n",
        Description = description,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least) return value;
            result.AddError($"{name}: '{result.Tokens[0].Value}' is no whole number of at least {least}.");
            return null;
        },
    };

    /// <summary>An optional number that <paramref name="accepts"/>.</summary>
    public static Option<float?> Number(string name, string description, Func<float, bool> accepts, string expected) => new(name)
    {
        HelpName = "x",
        Description = description,
        CustomParser = result =>
        {
            if (float.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && accepts(value)) return value;
            result.AddError($"{name}: '{result.Tokens[0].Value}' is not {expected}.");
            return null;
        },
    };
}
