namespace Gptq.Quantization.Tests.Architectures.Plain;

/// <summary>Rotary positions with every scaling: the frequencies for a text of some length, and what cosine and sine are multiplied with.</summary>
internal sealed class PlainRotary(PlainConfig config, int headDimension, double theta, double share, int maxPositions, int? originalPositions = null)
{
    private readonly PlainConfig? _scaling = config.Section("rope_parameters") ?? config.Section("rope_scaling");

    private double Theta => config.Section("rope_parameters")?.OptionalNumber("rope_theta") ?? theta;

    private int Turning => (int)(headDimension * (config.Section("rope_parameters")?.OptionalNumber("partial_rotary_factor") ?? share));

    /// <summary>Turns one head's vector at a position of a text that is so long by then.</summary>
    public double[] Turn(double[] vector, int position, int length)
    {
        var (frequencies, factor) = Frequencies(length);
        var half = Turning / 2;
        var result = (double[])vector.Clone();
        for (var i = 0; i < half; i++)
        {
            var (cosine, sine) = (Math.Cos(position * frequencies[i]) * factor, Math.Sin(position * frequencies[i]) * factor);
            result[i] = (vector[i] * cosine) - (vector[i + half] * sine);
            result[i + half] = (vector[i + half] * cosine) + (vector[i] * sine);
        }
        return result;
    }

    private (double[] Frequencies, double Factor) Frequencies(int length)
    {
        var type = _scaling?.Text("rope_type", _scaling.Text("type", "default")) ?? "default";
        var plain = Plain(Theta);
        if (type is "su" or "longrope" || (type == "yarn" && config.Type == "phi3")) return LongRope(plain, length);
        return type switch
        {
            "default" => (plain, 1),
            "linear" => ([.. plain.Select(frequency => frequency / Scaling("factor"))], 1),
            "dynamic" => (Plain(GrownTheta(Math.Max(length, maxPositions))), 1),
            "llama3" => ([.. plain.Select(Llama3)], 1),
            "yarn" => Yarn(plain),
            _ => throw new ArgumentException(type),
        };
    }

    private double Scaling(string name) => _scaling!.OptionalNumber(name)!.Value;

    private double[] Plain(double theta) => [.. Enumerable.Range(0, Turning / 2).Select(i => 1 / Math.Pow(theta, 2.0 * i / Turning))];

    private double GrownTheta(int length)
    {
        var factor = Scaling("factor");
        return Theta * Math.Pow((factor * length / maxPositions) - (factor - 1), Turning / (Turning - 2.0));
    }

    private double Llama3(double frequency)
    {
        var (factor, low, high, old) = (Scaling("factor"), Scaling("low_freq_factor"), Scaling("high_freq_factor"), Scaling("original_max_position_embeddings"));
        var wave = 2 * Math.PI / frequency;
        if (wave < old / high) return frequency;
        if (wave > old / low) return frequency / factor;
        var smooth = ((old / wave) - low) / (high - low);
        return ((1 - smooth) * frequency / factor) + (smooth * frequency);
    }

    private (double[], double) Yarn(double[] plain)
    {
        var original = _scaling!.OptionalNumber("original_max_position_embeddings") ?? maxPositions;
        var factor = _scaling.OptionalNumber("factor") ?? maxPositions / original;
        double Pair(double turns) => Turning * Math.Log(original / (turns * 2 * Math.PI)) / (2 * Math.Log(Theta));
        var (low, high) = (Pair(_scaling.Number("beta_fast", 32)), Pair(_scaling.Number("beta_slow", 1)));
        if (_scaling.Flag("truncate", true)) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, Turning - 1));
        if (low == high) high += 0.001;
        double Sharpening(double weight) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;
        var (one, all) = (_scaling.OptionalNumber("mscale"), _scaling.OptionalNumber("mscale_all_dim"));
        var sharpening = one is { } a && all is { } b ? Sharpening(a) / Sharpening(b) : Sharpening(1);
        return ([.. plain.Select((frequency, i) =>
        {
            var interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            return (frequency / factor * interpolated) + (frequency * (1 - interpolated));
        })], _scaling.OptionalNumber("attention_factor") ?? sharpening);
    }

    private (double[], double) LongRope(double[] plain, int length)
    {
        var original = _scaling!.OptionalInt("original_max_position_embeddings") ?? originalPositions;
        var factor = original is { } limit ? (double)maxPositions / limit : _scaling.Number("factor", 1);
        var before = original ?? maxPositions;
        var stretched = _scaling.Numbers(length > before ? "long_factor" : "short_factor")!;
        var sharpening = factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(before)));
        return ([.. plain.Zip(stretched, (frequency, stretch) => frequency / stretch)], _scaling.OptionalNumber("attention_factor") ?? sharpening);
    }
}
