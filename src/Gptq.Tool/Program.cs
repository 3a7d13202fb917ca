namespace Gptq.Tool;

internal static class Program
{
    private static int Main() => 2;
}
