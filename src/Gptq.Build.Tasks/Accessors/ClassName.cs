using System.Text;

namespace Gptq.Build.Tasks;

/// <summary>The C# name for a model.</summary>
internal static class ClassName
{
    // The class may not be named as the one around it or as its own members.
    private static readonly string[] s_taken = ["QuantizedModels", "Path", "Bits", "Open", "Equals", "ReferenceEquals", "ToString", "GetHashCode", "GetType", "MemberwiseClone", "Finalize"];

    /// <summary>opt-13b becomes Opt13b; opt-1.3b becomes Opt1_3b, for a mark between two digits is the only thing that tells them apart.</summary>
    public static string Of(string modelName)
    {
        var name = new StringBuilder(modelName.Length);
        var capital = true;
        for (var i = 0; i < modelName.Length; i++)
        {
            var character = modelName[i];
            if (char.IsLetterOrDigit(character))
            {
                name.Append(capital ? char.ToUpperInvariant(character) : character);
                capital = false;
                continue;
            }
            if (name.Length > 0 && char.IsDigit(modelName[i - 1]) && i + 1 < modelName.Length && char.IsDigit(modelName[i + 1])) name.Append('_');
            capital = true;
        }
        if (name.Length == 0 || char.IsDigit(name[0])) name.Insert(0, '_');
        return s_taken.Contains(name.ToString()) ? name + "Model" : name.ToString();
    }
}
