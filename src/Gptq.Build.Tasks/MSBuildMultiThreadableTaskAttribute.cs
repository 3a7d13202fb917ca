namespace Microsoft.Build.Framework;

/// <summary>
/// Tells MSBuild's multi-threaded mode (-mt) that a task depends on no process-wide state, so that it runs in process. MSBuild looks for the
/// name alone; the package that these tasks compile against is older than the attribute.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
