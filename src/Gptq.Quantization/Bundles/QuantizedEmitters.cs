using Gptq.Onnx;
using Gptq.Quantization.Architectures;
using Gptq.Quantization.Architectures.Emitters;
using Gptq.Quantization.Options;
using Gptq.Quantization.Packing.GptqOperators;
using Gptq.Quantization.Pipeline;
using Gptq.Quantization.Solver;

namespace Gptq.Quantization.Bundles;

/// <summary>Writes each layer with the plan's operators, from the codes that the solver found; layers outside the plan stay as they are.</summary>
internal sealed class QuantizedEmitters
{
    private readonly QuantizationPlan _plan;
    private readonly ResultStore _store;
    private readonly IReadOnlyDictionary<string, int> _parts;
    private readonly string _head;
    private readonly StoredLinears? _stored;
    private QuantizedLinear? _table;

    public QuantizedEmitters(ModelSource source, QuantizationPlan plan, ResultStore store)
    {
        var architecture = source.Architecture;
        _stored = source.Checkpoint.Quantized;
        _plan = plan;
        _store = store;
        _parts = store.Index();
        _head = architecture.Head.Name;
        var half = plan.Operators == OperatorSet.OnnxRuntimeHalf;
        var (kept, keptTable) = half ? Kept(new HalfFloatEmitter(architecture)) : Kept(new FloatEmitter(architecture));
        var gptq = new GptqEmitter(Read, Read);
        ILinearEmitter linears = plan.Operators switch
        {
            OperatorSet.Gptq => gptq,
            OperatorSet.OnnxRuntimeHalf => new HalfMatMulNBitsEmitter(Read),
            OperatorSet.Portable => new DequantizeLinearEmitter(Read),
            _ => new MatMulNBitsEmitter(Read),
        };
        Linears = new PerModuleEmitter(module => plan.For(module) is null && !plan.Keeps(module) ? kept : linears);
        Embeddings = !plan.SharesTable && plan.For(architecture.TokenEmbedding) is null
            ? keptTable
            : plan.Operators == OperatorSet.Gptq ? gptq : new GatherBlockQuantizedEmitter(Read, half ? ElementType.Float16 : ElementType.Float);
    }

    public ILinearEmitter Linears { get; }

    public IEmbeddingEmitter Embeddings { get; }

    private static (ILinearEmitter, IEmbeddingEmitter) Kept<T>(T emitter)
        where T : ILinearEmitter, IEmbeddingEmitter
        => (emitter, emitter);

    // A shared table is one object, so that it is written once.
    private QuantizedLinear Read(LinearModule module) =>
        _plan.Keeps(module) ? _stored!.Read(module)
        : _plan.SharesTable && module.Name == _head ? Table(_head)
        : Solved(module.Name);

    private QuantizedLinear Read(EmbeddingModule table) => Table(_plan.SharesTable ? _head : table.Name);

    private QuantizedLinear Table(string name) => _table ??= Solved(name);

    private QuantizedLinear Solved(string name) => _store.Read(_parts[name], name);
}
