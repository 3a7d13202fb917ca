using System.Reflection;
using Microsoft.Build.Framework;

namespace Gptq.Build.Tests;

/// <summary>A build that counts cores: grants what is left of them, and waits for nothing.</summary>
public class CoreCounter : DispatchProxy
{
    private readonly List<int> _calls = [];
    private Queue<int> _grants = [];

    /// <summary>What was asked for, and, below zero, given back.</summary>
    public IReadOnlyList<int> Calls => _calls;

    /// <summary>The side of MSBuild that a task sees.</summary>
    /// <param name="grants">What the calls of RequestCores get, one after the other.</param>
    public static IBuildEngine9 Create(params int[] grants)
    {
        var engine = Create<IBuildEngine9, CoreCounter>();
        ((CoreCounter)(object)engine)._grants = new(grants);
        return engine;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        switch (targetMethod!.Name)
        {
            case nameof(IBuildEngine9.RequestCores):
                _calls.Add((int)args![0]!);
                return _grants.Dequeue();
            case nameof(IBuildEngine9.ReleaseCores):
                _calls.Add(-(int)args![0]!);
                return null;
            default:
                return targetMethod.ReturnType.IsValueType && targetMethod.ReturnType != typeof(void) ? Activator.CreateInstance(targetMethod.ReturnType) : null;
        }
    }
}
