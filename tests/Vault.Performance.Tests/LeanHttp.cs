using System.Buffers.Text;

namespace Vault.Performance.Tests;

/// <summary>As much of HTTP/1.1 as two sides need that know each other.</summary>
internal static class LeanHttp
{
    /// <summary>Whether head and body of one message are there, the body by its <c>Content-Length</c>.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> message)
    {
        var head = message.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var name = message[..head].IndexOf("\r\nContent-Length: "u8);
        return name < 0 || (Utf8Parser.TryParse(message[(name + 18)..], out int length, out _) && message.Length >= head + 4 + length);
    }
}
