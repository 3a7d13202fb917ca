namespace Gptq.Quantization.Architectures.Families;

/// <summary>Qwen's fields about sliding windows: a switch, a width, and the layer from which on it applies.</summary>
internal static class SlidingWindow
{
    private const int DefaultWidth = 4096;
    private const int DefaultFirstLayer = 28;

    /// <summary>The width where the switch is on; else null.</summary>
    public static int? IfSwitchedOn(ModelConfig config)
    {
        var width = config.Mentions("sliding_window") ? config.OptionalCount("sliding_window") : DefaultWidth;
        return config.Flag("use_sliding_window", false) ? width : null;
    }

    /// <summary>The first layer that slides.</summary>
    public static long FirstLayer(ModelConfig config) => config.Whole("max_window_layers") ?? DefaultFirstLayer;
}
