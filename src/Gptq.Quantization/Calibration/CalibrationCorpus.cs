using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gptq.Quantization.Calibration;

/// <summary>The documents that calibration draws from: a .txt file, a .jsonl file with a <c>text</c> field, a folder of those, or the text that ships with the engine.</summary>
public sealed class CalibrationCorpus
{
    private CalibrationCorpus(IReadOnlyList<string> documents, IReadOnlyList<string> files, string name)
    {
        Documents = documents;
        Files = files;
        Name = name;
        Digest = DigestOf(documents);
    }

    /// <summary>The texts, in a fixed order.</summary>
    public IReadOnlyList<string> Documents { get; }

    /// <summary>The files they came from; none for the shipped text.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>What a report calls it.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the documents, in hexadecimal.</summary>
    public string Digest { get; }

    /// <summary>The public-domain text that ships with the engine.</summary>
    public static CalibrationCorpus Shipped()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var documents = assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".txt", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
                return reader.ReadToEnd();
            })
            .ToList();
        return new CalibrationCorpus(documents, [], "shipped text");
    }

    /// <summary>Reads a file or a folder.</summary>
    /// <exception cref="GptqException">GPTQ3001: not there, or of another kind. GPTQ3002: a line of a .jsonl file has no text. GPTQ3003: no text at all.</exception>
    public static CalibrationCorpus Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        List<string> files;
        if (Directory.Exists(path))
            files = [.. Directory.EnumerateFiles(path).Where(IsText).Order(StringComparer.Ordinal)];
        else if (File.Exists(path) && IsText(path))
            files = [path];
        else
            throw new GptqException("GPTQ3001", $"'{path}' is no calibration text: it must be a .txt file, a .jsonl file with a \"text\" field, or a folder of those.", path);

        var documents = new List<string>();
        foreach (var file in files)
        {
            if (IsJsonLines(file)) documents.AddRange(ReadJsonLines(file));
            else documents.Add(File.ReadAllText(file));
        }
        documents.RemoveAll(string.IsNullOrWhiteSpace);
        return documents.Count == 0
            ? throw new GptqException("GPTQ3003", $"'{path}' holds no calibration text.", path)
            : new CalibrationCorpus(documents, files, Path.GetFileName(Path.TrimEndingDirectorySeparator(path)));
    }

    /// <summary>No text: the model writes its own.</summary>
    public static CalibrationCorpus Self { get; } = new([], [], SelfName);

    /// <summary>What stands for <see cref="Self"/> where a path could stand.</summary>
    public const string SelfName = "self";

    /// <summary>The corpus that an option names.</summary>
    /// <param name="data">A path, <see cref="SelfName"/>, or null for the shipped text.</param>
    /// <param name="directory">Where relative paths start.</param>
    /// <exception cref="GptqException">As <see cref="Read"/>.</exception>
    public static CalibrationCorpus Find(string? data, string directory) =>
        data is null ? Shipped()
        : data.Equals(SelfName, StringComparison.OrdinalIgnoreCase) ? Self
        : Read(Path.GetFullPath(data, directory));

    /// <summary>A corpus of given texts.</summary>
    public static CalibrationCorpus Of(IReadOnlyList<string> documents, string name) => new(documents, [], name);

    private static bool IsText(string path) => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) || IsJsonLines(path);

    private static bool IsJsonLines(string path) => path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> ReadJsonLines(string file)
    {
        var number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            string? text = null;
            try
            {
                using var document = JsonDocument.Parse(line);
                if (document.RootElement.ValueKind == JsonValueKind.Object
                    && document.RootElement.TryGetProperty("text", out var field)
                    && field.ValueKind == JsonValueKind.String)
                    text = field.GetString();
            }
            catch (JsonException)
            {
                // Reported below, as a line without the field is.
            }
            yield return text ?? throw new GptqException("GPTQ3002", $"Line {number} is no JSON object with a \"text\" field that holds a string.", file);
        }
    }

    private static string DigestOf(IReadOnlyList<string> documents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var document in documents)
        {
            hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(document)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
