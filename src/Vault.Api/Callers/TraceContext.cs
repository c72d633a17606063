using System.Diagnostics;

namespace Vault.Api.Callers;

/// <summary>The trace that a request belongs to (W3C Trace Context).</summary>
internal static class TraceContext
{
    private const string Header = "traceparent";

    /// <summary>The trace's id: of the activity where somebody listens to those, else what the caller's <c>traceparent</c> says; null: neither.</summary>
    public static string? IdOf(HttpContext context)
    {
        if (Activity.Current is { } activity)
        {
            return activity.TraceId.ToHexString();
        }

        return context.Request.Headers[Header] is [{ } text] && ActivityContext.TryParse(text, null, out var parent) ? parent.TraceId.ToHexString() : null;
    }
}
