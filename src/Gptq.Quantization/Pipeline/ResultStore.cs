using System.Text.Json;
using System.Text.Json.Nodes;
using Gptq.Quantization.Allocation;
using Gptq.Quantization.Caching;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>Solved layers between their solving and their writing: in the journal, one part of the model after another, so that an interrupted run goes on.</summary>
/// <param name="journal">The journal.</param>
/// <param name="keepsPreparation">Whether the journal's first block is what was settled before the first part.</param>
internal sealed class ResultStore(BlockJournal journal, bool keepsPreparation = false)
{
    private const string FormsBlob = "forms.json";
    private const string SequencesBlob = "sequences.json";
    private const string ReportBlob = "report.json";
    private const string ActivationsBlob = "activations";

    private readonly int _before = keepsPreparation ? 1 : 0;

    /// <summary>Parts that are finished.</summary>
    public int FinishedParts => Math.Max(0, journal.LastContiguousBlock + 1 - _before);

    /// <summary>Keeps what was found before the first part.</summary>
    /// <param name="forms">The layers' widths.</param>
    /// <param name="sequences">The calibration text that the model wrote; null where it can be drawn again.</param>
    public void AddPreparation(IReadOnlyDictionary<string, LayerForm> forms, IReadOnlyList<int[]>? sequences)
    {
        using var writer = journal.BeginBlock(0);
        using (var stream = writer.Create(FormsBlob)) JsonSerializer.Serialize(stream, forms);
        if (sequences is not null)
        {
            using var stream = writer.Create(SequencesBlob);
            JsonSerializer.Serialize(stream, sequences);
        }
        writer.Commit();
    }

    /// <summary>What an interrupted run found before its first part; null when there is nothing.</summary>
    public (IReadOnlyDictionary<string, LayerForm> Forms, IReadOnlyList<int[]>? Sequences)? ReadPreparation()
    {
        if (journal.LastContiguousBlock < 0) return null;
        return (Read<Dictionary<string, LayerForm>>(FormsBlob), journal.BlobsOf(0).Contains(SequencesBlob) ? Read<int[][]>(SequencesBlob) : null);

        T Read<T>(string blob)
        {
            using var stream = journal.OpenBlob(0, blob);
            return JsonSerializer.Deserialize<T>(stream)!;
        }
    }

    /// <summary>Keeps a part's results, and the hidden states behind it, where another part follows, for a run that is resumed there.</summary>
    public void Add(int part, IReadOnlyList<SolveResult> results, CalibrationActivations? activations)
    {
        using var writer = journal.BeginBlock(_before + part);
        foreach (var result in results)
        {
            using var stream = writer.Create(result.Report.Layer);
            QuantizedLinearFormat.Write(stream, result.Linear);
        }
        using (var stream = writer.Create(ReportBlob))
        using (var text = new StreamWriter(stream))
            text.Write(new JsonArray([.. results.Select(result => (JsonNode)LayerSummary.ToJson(result))]).ToJsonString());
        if (activations is not null)
        {
            using var stream = writer.Create(ActivationsBlob, carried: true);
            activations.Write(stream);
        }
        writer.Commit();
    }

    /// <summary>The layers of a finished part by name.</summary>
    public IReadOnlyList<string> Layers(int part) => [.. journal.BlobsOf(_before + part).Where(name => name != ReportBlob)];

    /// <summary>Reads a solved layer.</summary>
    public QuantizedLinear Read(int part, string layer)
    {
        using var stream = journal.OpenBlob(_before + part, layer);
        return QuantizedLinearFormat.Read(stream);
    }

    /// <summary>Takes up the hidden states behind the last finished part; false when they have to be computed again.</summary>
    public bool TryReadActivations(CalibrationActivations activations)
    {
        using var stream = FinishedParts > 0 ? journal.TryOpenCarried(ActivationsBlob) : null;
        if (stream is null) return false;
        activations.Read(stream);
        return true;
    }

    /// <summary>What quantization.json says of the layers of all finished parts, in order.</summary>
    public JsonArray Summaries()
    {
        var all = new JsonArray();
        for (var part = 0; part < FinishedParts; part++)
        {
            using var stream = journal.OpenBlob(_before + part, ReportBlob);
            foreach (var layer in JsonNode.Parse(stream)!.AsArray()) all.Add(layer!.DeepClone());
        }
        return all;
    }

    /// <summary>Where each layer is kept.</summary>
    public IReadOnlyDictionary<string, int> Index() =>
        Enumerable.Range(0, FinishedParts).SelectMany(part => Layers(part), (part, layer) => (part, layer)).ToDictionary(pair => pair.layer, pair => pair.part, StringComparer.Ordinal);
}
