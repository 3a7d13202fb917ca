using System.Numerics;

namespace Gptq.Quantization.Checkpoints.PyTorch;

/// <summary>
/// Runs a pickle of protocol 2 to 5 as far as tensors need it: values on a stack, a memo for what is shared, and calls of the known
/// functions. There is no way from here to anything that Python or this program could execute.
/// </summary>
internal sealed class PickleMachine(PickleReader reader, PyTorchErrors errors)
{
    /// <summary>Values a pickle may make. A tensor takes about forty, a large mixture-of-experts model has some ten thousand tensors.</summary>
    private const int MaxValues = 2_000_000;

    /// <summary>Bytes of the longest whole number; a long has 8, the mark of the legacy format 10.</summary>
    private const int MaxNumber = 255;

    private readonly TensorRebuilder _rebuilder = new(errors);
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _values;

    /// <summary>The storages that it referred to, by their keys.</summary>
    public Dictionary<string, PickleStorage> Storages { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs one pickle to its end.</summary>
    /// <returns>The value that it stands for.</returns>
    /// <exception cref="GptqException">GPTQ2214 damaged, GPTQ2215 more than tensors, GPTQ2216 a bomb, GPTQ2218 a wrong tensor.</exception>
    public object? Run()
    {
        while (true)
        {
            var operation = (char)reader.ReadByte();
            if (operation == '.')
            {
                return Pop();
            }

            Step(operation);
        }
    }

    private void Step(char operation)
    {
        switch (operation)
        {
            case '\x80': // PROTO
                var protocol = reader.ReadByte();
                if (protocol is < 2 or > 5)
                {
                    throw errors.Damaged($"its pickle has protocol {protocol}; 2 to 5 are read");
                }

                break;
            case '\x95': // FRAME
                reader.ReadUInt64();
                break;
            case '(': // MARK
                Count();
                _marks.Push(_stack.Count);
                break;
            case '0': // POP
                if (_stack.Count == Base && _marks.Count > 0)
                {
                    _marks.Pop();
                }
                else
                {
                    Pop();
                }

                break;
            case '1': // POP_MARK
                PopMark();
                break;
            case '2': // DUP
                Push(Peek());
                break;
            case 'N':
                Push(null);
                break;
            case '\x88': // NEWTRUE
                Push(true);
                break;
            case '\x89': // NEWFALSE
                Push(false);
                break;
            case 'J' or 'K' or 'M': // BININT, BININT1, BININT2
                Push(operation switch { 'J' => (long)reader.ReadInt32(), 'K' => reader.ReadByte(), _ => reader.ReadUInt16() });
                break;
            case 'G': // BINFLOAT
                Push(reader.ReadDouble());
                break;
            case '\x8a' or '\x8b': // LONG1, LONG4
                PushLong(operation == '\x8a' ? reader.ReadByte() : reader.ReadUInt32());
                break;
            case 'X' or '\x8c' or '\x8d' or 'U' or 'T' or 'B' or 'C' or '\x8e' or '\x96':
                Push(ReadText(operation));
                break;
            case ']' or '}' or '\x8f' or ')': // EMPTY_LIST, EMPTY_DICT, EMPTY_SET, EMPTY_TUPLE
                Push(operation switch { '}' => new PickleDict(), ')' => new PickleTuple([]), _ => new PickleList() });
                break;
            case 't' or '\x85' or '\x86' or '\x87': // TUPLE, TUPLE1, TUPLE2, TUPLE3
                Push(new PickleTuple(operation == 't' ? PopMark() : PopMany(operation - '\x84')));
                break;
            case 'a' or 'e' or '\x90' or 'l' or '\x91': // APPEND, APPENDS, ADDITEMS, LIST, FROZENSET
                FillList(operation);
                break;
            case 's' or 'u' or 'd': // SETITEM, SETITEMS, DICT
                FillDictionary(operation);
                break;
            case 'q' or 'r' or '\x94' or 'h' or 'j': // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
                Memo(operation);
                break;
            case 'c' or '\x93': // GLOBAL, STACK_GLOBAL
                PushGlobal(operation);
                break;
            case 'Q': // BINPERSID
                var storage = _rebuilder.Storage(Pop());
                Storages.TryAdd(storage.Key, storage);
                Push(storage);
                break;
            case 'R' or '\x81': // REDUCE, NEWOBJ
                var arguments = Pop() as PickleTuple ?? throw errors.Damaged("a function is called without a tuple of arguments");
                Push(_rebuilder.Call(Pop(), arguments.Items));
                break;
            case 'b': // BUILD: what a state_dict carries besides its tensors (_metadata) does not matter here
                Pop();
                if (Peek() is not PickleDict)
                {
                    throw errors.Damaged("a state is set on what is no dictionary");
                }

                break;
            default:
                throw errors.Damaged($"its pickle has the operation 0x{(int)operation:x2}, which tensors do not need");
        }
    }

    private void PushLong(uint length)
    {
        if (length > MaxNumber)
        {
            throw errors.TooBig($"a number has {length} bytes");
        }

        var number = new BigInteger(reader.ReadBytes(length));
        if (number >= long.MinValue && number <= long.MaxValue)
        {
            Push((long)number);
        }
        else
        {
            Push(number);
        }
    }

    private object ReadText(char operation)
        => operation switch
        {
            '\x8c' or 'U' => reader.ReadText(reader.ReadByte()),
            'X' or 'T' => reader.ReadText(reader.ReadUInt32()),
            '\x8d' => reader.ReadText(reader.ReadUInt64()),
            'C' => reader.ReadBytes(reader.ReadByte()),
            'B' => reader.ReadBytes(reader.ReadUInt32()),
            _ => reader.ReadBytes(reader.ReadUInt64()),
        };

    private void FillList(char operation)
    {
        var items = operation == 'a' ? [Pop()] : PopMark();
        if (operation is 'l' or '\x91')
        {
            Push(new PickleList());
        }

        var list = Peek() as PickleList ?? throw errors.Damaged("an item is added to what is no list");
        list.Items.AddRange(items);
    }

    private void FillDictionary(char operation)
    {
        var items = operation == 's' ? PopMany(2) : PopMark();
        if (operation == 'd')
        {
            Push(new PickleDict());
        }

        if (Peek() is not PickleDict dictionary || items.Length % 2 != 0)
        {
            throw errors.Damaged("an item is set in what is no dictionary");
        }

        for (var i = 0; i < items.Length; i += 2)
        {
            dictionary.Set(items[i], items[i + 1]);
        }
    }

    private void Memo(char operation)
    {
        switch (operation)
        {
            case 'q':
                Remember(reader.ReadByte());
                break;
            case 'r':
                Remember(reader.ReadUInt32());
                break;
            case '\x94':
                Remember((uint)_memo.Count);
                break;
            default:
                var index = operation == 'h' ? reader.ReadByte() : reader.ReadUInt32();
                Push(_memo.TryGetValue(index, out var value) ? value : throw errors.Damaged($"it refers to value {index}, which it has not made"));
                break;
        }
    }

    private void Remember(uint index)
    {
        Count();
        _memo[index] = Peek();
    }

    private void PushGlobal(char operation)
    {
        string? module, name;
        if (operation == 'c')
        {
            (module, name) = (reader.ReadLine(), reader.ReadLine());
        }
        else
        {
            name = Pop() as string;
            module = Pop() as string;
        }

        if (module is null || name is null)
        {
            throw errors.Damaged("the name of a function is no text");
        }

        Push(KnownGlobals.Find(module, name) ?? throw errors.Refused($"{module}.{name}"));
    }

    private int Base => _marks.Count > 0 ? _marks.Peek() : 0;

    private void Push(object? value)
    {
        Count();
        _stack.Add(value);
    }

    private void Count()
    {
        if (++_values > MaxValues)
        {
            throw errors.TooBig($"its pickle makes more than {MaxValues} values");
        }
    }

    private object? Peek() => _stack.Count > Base ? _stack[^1] : throw errors.Damaged("a value is missing in its pickle");

    private object? Pop()
    {
        var value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMany(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--)
        {
            items[i] = Pop();
        }

        return items;
    }

    private object?[] PopMark()
    {
        var start = _marks.Count > 0 ? _marks.Pop() : throw errors.Damaged("a mark is missing in its pickle");
        var items = _stack.GetRange(start, _stack.Count - start).ToArray();
        _stack.RemoveRange(start, _stack.Count - start);
        return items;
    }
}
