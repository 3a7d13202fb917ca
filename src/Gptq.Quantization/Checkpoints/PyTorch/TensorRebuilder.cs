using Gptq.Quantization.Checkpoints.Files;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>What calling a known function gives: tensors that are only described, never loaded.</summary>
internal sealed class TensorRebuilder(PyTorchErrors errors)
{
    /// <summary>Elements up to which a tensor may repeat its storage's elements (expanded dimensions), so that a small file cannot ask for all memory.</summary>
    private const long MaxRepeated = 1 << 24;

    /// <summary>Calls a function or class.</summary>
    public object? Call(object? function, object?[] arguments)
        => function is not PickleGlobal global
            ? throw errors.Damaged("something is called that is no function")
            : global.Kind switch
            {
                PickleGlobalKind.OrderedDict => Dictionary(arguments),
                PickleGlobalKind.RebuildTensor => Tensor(arguments, null),
                PickleGlobalKind.RebuildTensorV3 => Tensor(arguments, Argument<PickleGlobal>(arguments, 6)),
                PickleGlobalKind.RebuildParameter => Argument<PickleTensor>(arguments, 0),
                PickleGlobalKind.RebuildFromType => Call(Argument<PickleGlobal>(arguments, 0), Argument<PickleTuple>(arguments, 2).Items),
                PickleGlobalKind.Size => Argument<PickleTuple>(arguments, 0),
                PickleGlobalKind.Device => PickleOther.Instance,
                _ => throw errors.Damaged($"a {global.Kind} is called"),
            };

    /// <summary>Resolves a persistent id, which is always a storage: ('storage', class, key, device, count[, view]).</summary>
    public PickleStorage Storage(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal type, string key, _, long count, .. var rest] } || count < 0)
        {
            throw errors.Damaged("a reference is no storage");
        }

        var element = type.Kind switch
        {
            PickleGlobalKind.Storage => type.Type,
            PickleGlobalKind.UntypedStorage => ElementType.U8,
            _ => throw errors.Damaged("a storage is of no storage class"),
        };

        return rest switch
        {
            [] or [null] => new PickleStorage(key, element, count),
            [PickleTuple { Items: [string, long start, long viewed] }] when start >= 0 && viewed >= 0 && viewed <= count - start
                => new PickleStorage(key, element, viewed, start),
            _ => throw errors.Damaged("a storage's view is wrong"),
        };
    }

    private PickleDict Dictionary(object?[] arguments)
    {
        var dictionary = new PickleDict();
        if (arguments is [PickleList pairs])
        {
            foreach (var pair in pairs.Items)
            {
                switch (pair)
                {
                    case PickleTuple { Items: [var key, var value] }:
                        dictionary.Set(key, value);
                        break;
                    case PickleList { Items: [var key, var value] }:
                        dictionary.Set(key, value);
                        break;
                    default:
                        throw errors.Damaged("an OrderedDict is not made of pairs");
                }
            }
        }
        else if (arguments.Length > 0)
        {
            throw errors.Damaged("an OrderedDict is not made of pairs");
        }

        return dictionary;
    }

    private PickleTensor Tensor(object?[] arguments, PickleGlobal? dtype)
    {
        var storage = Argument<PickleStorage>(arguments, 0);
        var type = storage.Type;
        if (dtype is not null)
        {
            type = dtype.Kind == PickleGlobalKind.DataType ? dtype.Type : throw errors.WrongTensor("its dtype is none");
        }

        var offset = arguments.Length > 1 && arguments[1] is long first ? first : throw errors.WrongTensor("its offset is no number");
        var shape = Numbers(Argument<PickleTuple>(arguments, 2));
        var strides = Numbers(Argument<PickleTuple>(arguments, 3));
        if (shape.Length != strides.Length)
        {
            throw errors.WrongTensor($"it has {shape.Length} extents and {strides.Length} strides");
        }

        Check(storage, type, offset, shape, strides);
        return new PickleTensor(storage, type, offset, shape, strides);
    }

    private void Check(PickleStorage storage, ElementType type, long offset, long[] shape, long[] strides)
    {
        try
        {
            var held = checked(storage.Count * storage.Type.Size) / type.Size;
            var end = checked(offset + StridedReader.Extent(shape, strides));
            if (offset < 0 || end > held)
            {
                throw errors.WrongTensor($"its elements end at {end}, its storage has {held}");
            }

            var count = shape.Aggregate(1L, (product, extent) => checked(product * extent));
            if (count > held && count > MaxRepeated)
            {
                throw errors.TooBig($"a tensor repeats {held} elements until they are {count}");
            }
        }
        catch (OverflowException)
        {
            throw errors.WrongTensor("its extents are too large");
        }
    }

    private long[] Numbers(PickleTuple tuple)
        => tuple.Items.Length <= TensorInfo.MaxRank && tuple.Items.All(item => item is long and >= 0)
            ? [.. tuple.Items.Cast<long>()]
            : throw errors.WrongTensor("an extent or stride is negative or no number, or there are too many");

    private T Argument<T>(object?[] arguments, int index)
        where T : class
        => arguments.Length > index && arguments[index] is T argument
            ? argument
            : throw errors.Damaged($"a function is called without its {typeof(T).Name}");
}
