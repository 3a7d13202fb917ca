using System.Globalization;

namespace Gptq.Quantization.Checkpoints.PyTorch;

// What a pickle can hold here besides null, bool, long, BigInteger, double, string and byte[].

/// <summary>A tuple.</summary>
/// <param name="Items">Its items.</param>
internal sealed record PickleTuple(object?[] Items);

/// <summary>A list or a set.</summary>
internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dict or an OrderedDict, in the order of insertion; keys that are no text and no whole number are not kept.</summary>
internal sealed class PickleDict
{
    public Dictionary<string, object?> Items { get; } = new(StringComparer.Ordinal);

    public void Set(object? key, object? value)
    {
        if (key is string text)
        {
            Items[text] = value;
        }
        else if (key is long number)
        {
            Items[number.ToString(CultureInfo.InvariantCulture)] = value;
        }
    }
}

/// <summary>A function or class of Python that stands for something known here.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Type">The elements, for a storage class or a dtype.</param>
internal sealed record PickleGlobal(PickleGlobalKind Kind, ElementType Type = default);

/// <summary>What a known function or class does.</summary>
internal enum PickleGlobalKind
{
    OrderedDict,
    RebuildTensor,
    RebuildTensorV3,
    RebuildParameter,
    RebuildFromType,
    Storage,
    UntypedStorage,
    DataType,

    /// <summary>The class of a tensor, which adds nothing to it.</summary>
    TensorClass,

    /// <summary>torch.Size, a tuple.</summary>
    Size,

    /// <summary>torch.device, which does not matter here.</summary>
    Device,
}

/// <summary>A value that does not matter here: a device.</summary>
internal sealed record PickleOther
{
    public static readonly PickleOther Instance = new();
}

/// <summary>A run of elements in the file that tensors look at.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Type">Its elements; bytes when it is untyped.</param>
/// <param name="Count">How many elements it has.</param>
/// <param name="Start">The first element that it shows of the run called <paramref name="Key"/>, which is not 0 for a view of another.</param>
internal sealed record PickleStorage(string Key, ElementType Type, long Count, long Start = 0);

/// <summary>A view of a storage as a tensor; every element of it is in the storage.</summary>
/// <param name="Storage">Where its elements are.</param>
/// <param name="Type">What its elements are.</param>
/// <param name="Offset">The first element, counted from the storage's start.</param>
/// <param name="Shape">The extents.</param>
/// <param name="Strides">Elements from one index to the next in each dimension.</param>
internal sealed record PickleTensor(PickleStorage Storage, ElementType Type, long Offset, long[] Shape, long[] Strides);
