using System.Text.Json.Nodes;
using Gptq.Quantization.Caching;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Pipeline;

/// <summary>Solved layers between their solving and their writing: in the journal, one part of the model after another, so that an interrupted run goes on.</summary>
internal sealed class ResultStore(BlockJournal journal)
{
    private const string ReportBlob = "report.json";
    private const string ActivationsBlob = "activations";

    /// <summary>Parts that are finished.</summary>
    public int FinishedParts => journal.LastContiguousBlock + 1;

    /// <summary>Keeps a part's results, and the hidden states behind it, where another part follows, for a run that is resumed there.</summary>
    public void Add(int part, IReadOnlyList<SolveResult> results, CalibrationActivations? activations)
    {
        using var writer = journal.BeginBlock(part);
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
    public IReadOnlyList<string> Layers(int part) => [.. journal.BlobsOf(part).Where(name => name != ReportBlob)];

    /// <summary>Reads a solved layer.</summary>
    public QuantizedLinear Read(int part, string layer)
    {
        using var stream = journal.OpenBlob(part, layer);
        return QuantizedLinearFormat.Read(stream);
    }

    /// <summary>Takes up the hidden states behind the last finished part; false when they have to be computed again.</summary>
    public bool TryReadActivations(CalibrationActivations activations)
    {
        using var stream = journal.TryOpenCarried(ActivationsBlob);
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
            using var stream = journal.OpenBlob(part, ReportBlob);
            foreach (var layer in JsonNode.Parse(stream)!.AsArray()) all.Add(layer!.DeepClone());
        }
        return all;
    }

    /// <summary>Where each layer is kept.</summary>
    public IReadOnlyDictionary<string, int> Index() =>
        Enumerable.Range(0, FinishedParts).SelectMany(part => Layers(part), (part, layer) => (part, layer)).ToDictionary(pair => pair.layer, pair => pair.part, StringComparer.Ordinal);
}
