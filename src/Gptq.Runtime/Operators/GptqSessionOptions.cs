using System.Runtime.CompilerServices;
using Gptq.Numerics.Packed;
using Microsoft.ML.OnnxRuntime;

namespace Gptq.Runtime.Operators;

/// <summary>Makes ONNX Runtime sessions run the operators that Gptq.Build writes into models.</summary>
public static class GptqSessionOptions
{
    private static readonly Lock s_lock = new();
    private static readonly ConditionalWeakTable<SessionOptions, StrongBox<ActivationPrecision?>> s_registered = [];
    private static readonly Dictionary<int, nint> s_domains = [];

    /// <summary>
    /// Registers the operators of domain <c>gptq</c> (docs/operators.md) with the sessions made from these options. Their weights stay in
    /// the mapped model file. Registering the same options again does nothing.
    /// </summary>
    /// <param name="options">The options of sessions to come.</param>
    /// <param name="precision">How activations are seen; null for what the model's nodes say.</param>
    /// <exception cref="InvalidOperationException">The same options were registered with another precision.</exception>
    /// <exception cref="NotSupportedException">The process has an ONNX Runtime older than 1.18.</exception>
    public static void RegisterGptqOperators(this SessionOptions options, ActivationPrecision? precision = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (precision is { } named && !Enum.IsDefined(named))
        {
            throw new ArgumentOutOfRangeException(nameof(precision), named, "Not a precision.");
        }

        lock (s_lock)
        {
            if (s_registered.TryGetValue(options, out var earlier))
            {
                if (earlier.Value != precision)
                {
                    throw new InvalidOperationException("These session options already have the gptq operators with another precision.");
                }

                return;
            }

            var api = OfProcess();
            var key = (int)(precision ?? 0);
            if (!s_domains.TryGetValue(key, out var domain))
            {
                domain = OperatorDomain.Create(api, precision);
                s_domains.Add(key, domain);
            }

            api.AddDomain(options.DangerousGetHandle(), domain);
            s_registered.Add(options, new StrongBox<ActivationPrecision?>(precision));
            GC.KeepAlive(options);
        }
    }

    private static unsafe OrtApi OfProcess() => new((nint*)OnnxRuntimeLibrary.GetApiBase());
}
