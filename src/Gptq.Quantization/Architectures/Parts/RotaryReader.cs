using Gptq.Quantization.Architectures.Graphs;

namespace Gptq.Quantization.Architectures.Parts;

/// <summary>
/// Reads rotary settings from config.json in all spellings: rope_theta, rope_scaling (with type or rope_type) and a partial factor at the top,
/// or, since version 5 of the transformers library, all of them in rope_parameters.
/// </summary>
internal sealed class RotaryReader
{
    private readonly ModelConfig _config;
    private readonly ModelConfig? _scaling;
    private readonly int _maxPositions;
    private readonly int _dimension;
    private readonly double _theta;

    /// <summary>Finds the settings.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="headDimension">Length of a head's vectors.</param>
    /// <param name="maxPositions">The model's limit.</param>
    /// <param name="theta">θ at the top level, or its default.</param>
    /// <param name="partial">The share of a head that turns, at the top level, or its default; null where the family turns whole heads.</param>
    public RotaryReader(ModelConfig config, int headDimension, int maxPositions, double theta, double? partial = null)
    {
        _config = config;
        _maxPositions = maxPositions;
        var parameters = config.Section("rope_parameters");
        _scaling = parameters ?? config.Section("rope_scaling");
        RequireOneSetting(parameters, theta, partial);
        _theta = parameters?.Positive("rope_theta", theta) ?? theta;
        var share = parameters?.Positive("partial_rotary_factor", partial ?? 1) ?? partial ?? 1;
        if (partial is null && share != 1)
            throw (parameters ?? config).Unsupported("partial_rotary_factor", $"is {share}");
        _dimension = (int)(headDimension * share);
        if (_dimension < 2 || _dimension > headDimension || _dimension % 2 != 0)
            throw config.Wrong("head_dim", $"or its rotary share gives {_dimension} turning elements of {headDimension}, which must be an even number");
    }

    /// <summary>How rope_scaling's type is spelled otherwise in a family: old name → new name.</summary>
    public IReadOnlyDictionary<string, string> Synonyms { get; init; } = new Dictionary<string, string>();

    /// <summary>The limit before an extension, where a family has it at the top level.</summary>
    public int? OriginalPositions { get; init; }

    /// <summary>The frequencies.</summary>
    /// <exception cref="GptqException">GPTQ2104: a kind of scaling that is not known. GPTQ2102: its numbers make no sense.</exception>
    public RotaryFrequencies Read()
    {
        var type = _scaling?.OptionalText("rope_type") ?? _scaling?.OptionalText("type") ?? "default";
        _scaling?.Ignore("type", "rope_theta", "partial_rotary_factor");
        return Synonyms.GetValueOrDefault(type, type) switch
        {
            "default" => Fixed(Default()),
            "linear" => Fixed(Linear()),
            "dynamic" => Dynamic(),
            "llama3" => Fixed(Llama3()),
            "yarn" => Yarn(),
            "longrope" => LongRope(),
            _ => throw _scaling!.Unsupported("rope_type", $"is '{type}'; known are default, linear, dynamic, llama3, yarn, longrope"),
        };
    }

    // What only some versions of the transformers library read, or read per kind of layer, must not be passed over.
    private void RequireOneSetting(ModelConfig? parameters, double theta, double? partial)
    {
        foreach (var kind in new[] { "full_attention", "sliding_attention" })
        {
            if (parameters?.Has(kind) == true)
                throw parameters.Unsupported(kind, "gives settings for one kind of layers");
        }
        if (parameters is not null || _scaling is null)
            return;
        if (_scaling.OptionalNumber("rope_theta") is { } other && other != theta)
            throw _scaling.Unsupported("rope_theta", $"is {other}, but the one beside rope_scaling is {theta}");
        if (_scaling.OptionalNumber("partial_rotary_factor") is { } share && share != (partial ?? 1))
            throw _scaling.Unsupported("partial_rotary_factor", $"is {share}, but the one beside rope_scaling is {partial ?? 1}");
    }

    private FixedFrequencies Fixed(double[] frequencies, double attentionFactor = 1) =>
        new(Finite(frequencies), Finite([attentionFactor])[0]);

    private double[] Finite(double[] values) => values.All(value => float.IsFinite((float)value))
        ? values
        : throw (_scaling ?? _config).Wrong("rope_type", "and the numbers beside it give frequencies that are no numbers");

    private double[] Default() => [.. Enumerable.Range(0, _dimension / 2).Select(pair => Math.Pow(_theta, -2.0 * pair / _dimension))];

    private double[] Linear()
    {
        var factor = _scaling!.Required("factor");
        _scaling.Ignore("original_max_position_embeddings");
        return [.. Default().Select(frequency => frequency / factor)];
    }

    private DynamicFrequencies Dynamic()
    {
        if (_dimension <= 2)
            throw _scaling!.Unsupported("rope_type", "is 'dynamic' with a single turning pair");
        _scaling!.Ignore("original_max_position_embeddings");
        return new DynamicFrequencies(_theta, _dimension, _scaling!.Required("factor"), _maxPositions);
    }

    /// <summary>Llama 3.1: slow pairs are slowed by the factor, fast ones not, those between by a mixture.</summary>
    private double[] Llama3()
    {
        var factor = _scaling!.Required("factor");
        var low = _scaling.Required("low_freq_factor");
        var high = _scaling.Required("high_freq_factor");
        var original = _scaling.Required("original_max_position_embeddings");
        if (high <= low)
            throw _scaling.Wrong("high_freq_factor", "must be above low_freq_factor");
        return
        [
            .. Default().Select(frequency =>
            {
                // Turns within the original length: the band that a pair belongs to.
                var turns = original * frequency / (2 * Math.PI);
                if (turns < low)
                    return frequency / factor;
                if (turns > high)
                    return frequency;
                var smooth = (turns - low) / (high - low);
                return ((1 - smooth) * frequency / factor) + (smooth * frequency);
            }),
        ];
    }

    /// <summary>YaRN (arXiv 2309.00071): as above with a linear ramp over the pairs, and scores sharpened by the attention factor.</summary>
    private FixedFrequencies Yarn()
    {
        var original = _scaling!.OptionalCount("original_max_position_embeddings");
        var length = original ?? _maxPositions;
        var factor = _scaling.OptionalNumber("factor") is not null || original is null
            ? _scaling.Required("factor")
            : (double)_maxPositions / length;
        var fast = NonZero(_scaling.OptionalNumber("beta_fast")) ?? 32;
        var slow = NonZero(_scaling.OptionalNumber("beta_slow")) ?? 1;
        var low = PairThatTurns(fast, length);
        var high = PairThatTurns(slow, length);
        if (_scaling.Flag("truncate", true))
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        low = Math.Max(low, 0);
        high = Math.Min(high, _dimension - 1);
        if (low == high)
            high += 0.001;
        var frequencies = Default().Select((frequency, pair) =>
        {
            var ramp = Math.Clamp((pair - low) / (high - low), 0, 1);
            return (frequency / factor * ramp) + (frequency * (1 - ramp));
        });
        return Fixed([.. frequencies], YarnAttentionFactor(factor));
    }

    private double YarnAttentionFactor(double factor)
    {
        var given = _scaling!.OptionalNumber("attention_factor");
        var scale = NonZero(_scaling.OptionalNumber("mscale"));
        var allDimensions = NonZero(_scaling.OptionalNumber("mscale_all_dim"));
        double Scale(double weight) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;
        return given ?? (scale is { } one && allDimensions is { } other ? Scale(one) / Scale(other) : Scale(1));
    }

    private double PairThatTurns(double times, double length) =>
        _dimension * Math.Log(length / (times * 2 * Math.PI)) / (2 * Math.Log(_theta));

    private LongRopeFrequencies LongRope()
    {
        var given = _scaling!.OptionalCount("original_max_position_embeddings") ?? OriginalPositions;
        var original = given ?? _maxPositions;
        var named = _scaling.OptionalNumber("factor");
        var factor = given is null ? named ?? 1 : (double)_maxPositions / original;
        var attention = _scaling.OptionalNumber("attention_factor")
            ?? (factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original))));
        return new LongRopeFrequencies(Finite(Divided("short_factor")), Finite(Divided("long_factor")), original, Finite([attention])[0]);
    }

    private double[] Divided(string name)
    {
        var factors = _scaling!.Numbers(name) ?? throw _scaling.Wrong(name, "is missing");
        if (factors.Count != _dimension / 2 || factors.Any(factor => !(factor > 0)))
            throw _scaling.Wrong(name, $"must hold {_dimension / 2} numbers above 0");
        return [.. Default().Zip(factors, (frequency, factor) => frequency / factor)];
    }

    private static double? NonZero(double? value) => value is 0 ? null : value;
}
