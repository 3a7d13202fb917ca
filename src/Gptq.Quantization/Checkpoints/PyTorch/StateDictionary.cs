namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>The named tensors of what a PyTorch file holds.</summary>
/// <remarks>
/// Mostly it is a dictionary of tensors. Training scripts wrap that in another one, beside the optimizer's state: the wrapped one is taken.
/// Other dictionaries inside dictionaries give names joined by dots.
/// </remarks>
internal static class StateDictionary
{
    private const int MaxDepth = 32;

    /// <summary>Characters of all names together, 100 for each of half a million tensors.</summary>
    private const long MaxCharacters = 50_000_000;

    private static readonly string[] Wrappers = ["state_dict", "model_state_dict", "model", "module"];

    /// <summary>All tensors by name, in the order of the file.</summary>
    /// <exception cref="GptqException">GPTQ2214: there are none. GPTQ2216: there are more than any model has.</exception>
    public static IReadOnlyList<KeyValuePair<string, PickleTensor>> Find(object? root, PyTorchErrors errors)
    {
        var walk = new Walk(errors);
        if (root is PickleDict dictionary)
        {
            walk.Collect("", Unwrap(dictionary), 0);
        }

        return walk.Found.Count > 0 ? walk.Found : throw errors.Damaged("it holds no dictionary of tensors");
    }

    private static PickleDict Unwrap(PickleDict dictionary)
    {
        for (var depth = 0; depth < MaxDepth && !dictionary.Items.Values.Any(value => value is PickleTensor); depth++)
        {
            var inner = Wrappers.Select(name => dictionary.Items.GetValueOrDefault(name)).OfType<PickleDict>().FirstOrDefault();
            if (inner is null)
            {
                break;
            }

            dictionary = inner;
        }

        return dictionary;
    }

    private sealed class Walk(PyTorchErrors errors)
    {
        private long _characters;

        public List<KeyValuePair<string, PickleTensor>> Found { get; } = [];

        public void Collect(string prefix, PickleDict dictionary, int depth)
        {
            // A pickle can hold a dictionary in itself, or many times in another.
            if (depth > MaxDepth)
            {
                throw errors.TooBig($"its dictionaries are nested more than {MaxDepth} deep");
            }

            foreach (var (key, value) in dictionary.Items)
            {
                _characters += prefix.Length + key.Length + 1;
                if (_characters > MaxCharacters)
                {
                    throw errors.TooBig("its dictionaries hold one another too many times");
                }

                if (value is PickleTensor tensor)
                {
                    Found.Add(new(prefix + key, tensor));
                }
                else if (value is PickleDict inner)
                {
                    Collect($"{prefix}{key}.", inner, depth + 1);
                }
            }
        }
    }
}
