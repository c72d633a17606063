using Vault.Core.Storage.Codec;
using Vault.Core.Storage.Rows;

namespace Vault.Core.Storage;

/// <summary>Makes of rows what they say. A row that isn't authentic, or says what nothing can be made of, is left out.</summary>
internal sealed class AuthenticRows(DefinitionCodec definitions, AccessCodec access, RowFaults faults)
{
    public Definitions.ExternalCredential? Read(ExternalCredentialRow row) => Read(row, definitions.Read, static row => row.Id.ToString());

    public Definitions.NamedCredential? Read(NamedCredentialRow row) => Read(row, definitions.Read, static row => row.Id.ToString());

    public Access.Grant? Read(GrantRow row) => Read(row, access.Read, static row => row.AppId + "/" + row.NamedCredentialId);

    public List<Access.VaultApp> Read(IEnumerable<AppRow> rows) => Read(rows, access.Read, static row => row.Id.ToString());

    public List<Access.VaultKey> Read(IEnumerable<KeyRow> rows) => Read(
        rows,
        access.Read,
        static row => row.Id.Length <= Access.VaultKeyText.MostId && row.Id.All(char.IsAsciiLetterOrDigit) ? row.Id : RowFaults.Unreadable);

    private List<T> Read<TRow, T>(IEnumerable<TRow> rows, Func<TRow, T?> read, Func<TRow, string> id)
        where T : class => [.. rows.Select(row => Read(row, read, id)).OfType<T>()];

    private T? Read<TRow, T>(TRow row, Func<TRow, T?> read, Func<TRow, string> id)
        where T : class
    {
        T? value;
        try
        {
            value = read(row);
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            value = null;
        }

        if (value is null)
        {
            faults.Report(typeof(T).Name, id(row));
        }

        return value;
    }
}
