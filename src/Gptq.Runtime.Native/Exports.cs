using System.Runtime.InteropServices;
using Gptq.Runtime.Operators;

namespace Gptq.Runtime.Native;

/// <summary>What ONNX Runtime looks for in a library of operators.</summary>
internal static unsafe class Exports
{
    private static readonly Lock s_lock = new();
    private static nint s_domain;

    /// <summary>Registers the operators with the sessions made from some options. The domain is never freed: it must outlive every session.</summary>
    /// <param name="sessionOptions">OrtSessionOptions.</param>
    /// <param name="apiBase">OrtApiBase.</param>
    /// <returns>An OrtStatus, null for success.</returns>
    [UnmanagedCallersOnly(EntryPoint = "RegisterCustomOps")]
    public static nint RegisterCustomOps(nint sessionOptions, nint* apiBase)
    {
        try
        {
            if (WiderLibrary.RegisterCustomOps is not null)
            {
                OwnLibrary.Pin();
                return WiderLibrary.RegisterCustomOps(sessionOptions, apiBase);
            }

            var api = new OrtApi(apiBase);
            lock (s_lock)
            {
                if (s_domain == 0)
                {
                    OwnLibrary.Pin();
                    s_domain = OperatorDomain.Create(api, precision: null);
                }
            }

            api.AddDomain(sessionOptions, s_domain);
            return 0;
        }
        catch (Exception e)
        {
            return OrtApi.Oldest(apiBase).CreateStatus(e.Message);
        }
    }
}
