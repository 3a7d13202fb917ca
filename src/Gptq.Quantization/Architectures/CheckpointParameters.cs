using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Checkpoints;

namespace Gptq.Quantization.Architectures;

/// <summary>A checkpoint's tensors under the names that an architecture gives them, with or without the base model's prefix in the file.</summary>
internal sealed class CheckpointParameters(ITensorSource tensors, string? file)
{
    // What a message lists at most; the rest is a number.
    private const int Listed = 8;

    // 4 MiB: what is read at once where a tensor is passed on.
    private const int ElementsAtOnce = 1 << 20;

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>Finds the tensors that an architecture needs and checks their extents.</summary>
    /// <param name="parameters">What is needed.</param>
    /// <param name="prefix">The base model's prefix, dot included.</param>
    /// <param name="ignorable">Whether a tensor, named with its prefix, is known to be of no use.</param>
    /// <param name="tied">The name of a head that is the embedding and may be there as well; null when the head is its own.</param>
    /// <returns>Warnings about tensors that are not used.</returns>
    /// <exception cref="GptqException">GPTQ2110: tensors are missing. GPTQ2111: tensors have other extents.</exception>
    public IReadOnlyList<GptqWarning> Resolve(IEnumerable<Parameter> parameters, string prefix, Func<string, bool> ignorable, string? tied)
    {
        List<string> missing = [], wrong = [];
        foreach (var parameter in parameters)
        {
            var name = Stored(parameter.Name, prefix);
            if (name is null)
                missing.Add(parameter.Name);
            else if (!tensors.Tensors[name].Shape.SequenceEqual(parameter.StoredShape.Select(extent => (long)extent)))
                wrong.Add($"{name} is [{string.Join(", ", tensors.Tensors[name].Shape)}], not [{string.Join(", ", parameter.StoredShape)}]");
            else
                _names[parameter.Name] = name;
        }

        if (missing.Count > 0)
        {
            throw new GptqException(
                "GPTQ2110",
                $"The checkpoint has no {List(missing)}. It is incomplete, or config.json is another model's; fetch both again.", file);
        }

        if (wrong.Count > 0)
        {
            throw new GptqException(
                "GPTQ2111",
                $"Tensors of the checkpoint have other extents than config.json says: {List(wrong)}. Use the config.json that belongs to the checkpoint.", file);
        }

        var used = _names.Values.ToHashSet(StringComparer.Ordinal);
        var unused = tensors.Tensors.Keys.Where(name => !used.Contains(name) && name != tied && !ignorable(Canonical(name, prefix)))
            .Order(StringComparer.Ordinal).ToArray();
        return unused.Length == 0
            ? []
            : [new GptqWarning("GPTQ2112", $"The checkpoint holds tensors that the model does not use: {List(unused)}. They were left out.", file)];
    }

    /// <summary>A parameter's name in the checkpoint's files.</summary>
    public string StoredName(Parameter parameter) => _names[parameter.Name];

    /// <summary>Reads a parameter as the graph wants it.</summary>
    public void Read(Parameter parameter, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, parameter.ElementCount);
        if (parameter.Transposed)
            ReadTransposed(parameter, destination);
        else
            tensors.Read(_names[parameter.Name], destination);
    }

    /// <summary>Reads one row of a matrix, as it is stored.</summary>
    public void ReadRow(Parameter parameter, long row, Span<float> destination) =>
        tensors.ReadRows(_names[parameter.Name], row, destination);

    /// <summary>Copies a parameter to a stream piece by piece, with the extents that it is stored with.</summary>
    public void CopyStored(Parameter parameter, Stream stream)
    {
        var rows = parameter.StoredShape[0];
        var width = (int)(parameter.ElementCount / rows);
        var piece = new float[(long)RowsAtOnce(width, rows) * width];
        for (var row = 0; row < rows; row += piece.Length / width)
        {
            var values = piece.AsSpan(0, Math.Min(piece.Length, (rows - row) * width));
            tensors.ReadRows(_names[parameter.Name], row, values);
            stream.WriteFloats(values);
        }
    }

    private void ReadTransposed(Parameter parameter, Span<float> destination)
    {
        int rows = parameter.Shape[0], columns = parameter.Shape[1];
        var piece = new float[(long)RowsAtOnce(rows, columns) * rows];
        for (var first = 0; first < columns; first += piece.Length / rows)
        {
            var count = Math.Min(piece.Length / rows, columns - first);
            tensors.ReadRows(_names[parameter.Name], first, piece.AsSpan(0, count * rows));
            for (var row = 0; row < rows; row++)
            {
                for (var column = 0; column < count; column++)
                    destination[(row * columns) + first + column] = piece[(column * rows) + row];
            }
        }
    }

    private static int RowsAtOnce(int width, int rows) => Math.Clamp(ElementsAtOnce / Math.Max(width, 1), 1, rows);

    private static string List(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(Listed)) + (names.Count > Listed ? $" and {names.Count - Listed} more" : "");

    private static string Canonical(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name : prefix + name;

    private string? Stored(string name, string prefix)
    {
        if (tensors.Tensors.ContainsKey(name))
            return name;
        return name.StartsWith(prefix, StringComparison.Ordinal) && tensors.Tensors.ContainsKey(name[prefix.Length..]) ? name[prefix.Length..] : null;
    }
}
