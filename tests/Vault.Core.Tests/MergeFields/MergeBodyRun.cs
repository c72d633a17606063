using System.Buffers;
using System.Text;
using Vault.Core.MergeFields;
using Vault.Core.Primitives;

namespace Vault.Core.Tests.MergeFields;

/// <summary>Resolves bodies in both forms.</summary>
internal static class MergeBodyRun
{
    public static MergeBodyFormat Format(string? contentType) => MergeBodyFormat.Parse(contentType, null).Value!;

    public static (byte[] Output, VaultError? Error) Whole(byte[] body, string? contentType, IMergeScope scope)
    {
        var output = new ArrayBufferWriter<byte>();
        var parsed = MergeBody.Parse(body, Format(contentType));
        var error = parsed.IsOk ? parsed.Value.Check(scope) ?? parsed.Value.Resolve(scope, output) : parsed.Error;
        return (output.WrittenSpan.ToArray(), error);
    }

    public static string Whole(string body, string? contentType, IMergeScope? scope = null)
    {
        var (output, error) = Whole(Encoding.UTF8.GetBytes(body), contentType, scope ?? new FakeMergeScope());
        return error is null ? Encoding.UTF8.GetString(output) : error.Code + ": " + error.Detail;
    }

    public static async Task<(byte[] Output, VaultError? Error)> StreamAsync(
        byte[] body, string? contentType, IMergeScope scope, params int[] cuts)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MergeBodyWriter(Format(contentType), scope, output);
        var from = 0;
        foreach (var cut in cuts.Append(body.Length))
        {
            // A copy per piece: the writer may keep nothing of what it was given.
            var piece = body[from..cut];
            if (await writer.WriteAsync(piece, default) is { } error)
            {
                return (output.WrittenSpan.ToArray(), error);
            }

            Array.Clear(piece);
            from = cut;
        }

        var last = await writer.CompleteAsync(default);
        return (output.WrittenSpan.ToArray(), last);
    }
}
