using Gptq.Quantization.Solver;
using Gptq.Tests;

namespace Gptq.Quantization.Tests.Solver;

/// <summary>The solver against the reference implementation's results, layer by layer.</summary>
public sealed class ReferenceLayersTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases
    {
        get
        {
            var folder = TestPaths.Reference is null ? null : Path.Combine(TestPaths.Reference, "layers");
            var files = folder is null || !Directory.Exists(folder) ? [] : Directory.GetFiles(folder, "*.safetensors");
            // A theory without cases is an error: the missing folder is a case of its own, which is skipped.
            return files.Length == 0 ? ["none"] : [.. files.Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void CodesAndErrorAreTheReferences(string name)
    {
        var path = TestPaths.RequireReference("layers", name + ".safetensors");
        Assert.SkipUnless(File.Exists(path), $"No layers in {Path.GetDirectoryName(path)}.");
        var layer = new ReferenceLayer(path);
        var solver = SolverUnderTest.Create();
        using var hessian = layer.Hessian();
        using var factor = solver.Factor(hessian, layer.Options);
        var result = solver.Solve(factor, name, layer.Weight, layer.OutFeatures, layer.InFeatures, layer.Options);

        var expectedIndex = layer.GroupIndex;
        for (var column = 0; column < layer.InFeatures; column++) Assert.Equal(expectedIndex[column], result.Linear.GroupOf(column));

        var expected = Codes(layer);
        var (equal, offByMore) = (0, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs(expected[i] - result.Linear.Codes[i]);
            if (difference == 0) equal++;
            else if (difference > 1) offByMore++;
        }
        Assert.Equal(layer.Zeros, result.Linear.Zeros, (a, b) => Math.Abs(a - b) <= (layer.Options.Bits == BitWidth.Ternary ? 1e-3 : 0));
        Assert.Equal(layer.Scales, result.Linear.Scales, (a, b) => Math.Abs(a - b) <= 1e-3 * Math.Abs(a));
        var share = (double)equal / expected.Length;
        var quantized = new float[expected.Length];
        result.Linear.Dequantize(quantized);
        var error = layer.OutputErrorOf(quantized);
        output.WriteLine($"codes equal {share:P3}, off by more than one {offByMore}, output error {error:G6} (reference {layer.OutputError:G6}), loss {result.Report.Loss:G6} ({layer.Loss:G6}), against RTN {result.Report.LossVersusRtn:G4}");
        Assert.True(share >= 0.995, $"Only {share:P3} of the codes are the reference's.");
        Assert.InRange(error, 0, 1.01 * layer.OutputError);
        Assert.InRange(result.Report.Loss!.Value, 0.98 * layer.Loss, 1.02 * layer.Loss);
    }

    /// <summary>The reference keeps dequantized values: back to codes on its own grid.</summary>
    private static int[] Codes(ReferenceLayer layer)
    {
        var (quantized, scales, zeros, groups) = (layer.Quantized, layer.Scales, layer.Zeros, layer.GroupIndex);
        var perRow = scales.Length / layer.OutFeatures;
        return [.. quantized.Select((value, i) =>
        {
            var grid = (i / layer.InFeatures * perRow) + groups[i % layer.InFeatures];
            return layer.Options.Bits == BitWidth.Ternary
                ? value > 0 ? 2 : value < 0 ? 0 : 1
                : (int)MathF.Round((value / scales[grid]) + zeros[grid]);
        })];
    }
}
