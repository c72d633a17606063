using System.Data.Common;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Vault.Core.Secrets;

namespace Vault.Core.Storage.Backups;

/// <summary>
/// A table as a backup holds it: rows as JSON arrays of plain values, so that they can be restored into any kind of database. Columns
/// that the database numbers itself are left out; the order of the rows is kept.
/// </summary>
internal sealed class BackupTable
{
    private readonly IReadOnlyList<(string Name, Type Type)> _columns;
    private readonly string _order;

    private BackupTable(IEntityType entity)
    {
        Name = entity.GetTableName() ?? throw new InvalidOperationException($"{entity.Name} has no table.");
        _columns =
        [
            .. entity.GetProperties().Where(property => !IsNumbered(property)).OrderBy(property => property.GetColumnName(), StringComparer.Ordinal)
                .Select(property => (property.GetColumnName(), StoredType(property))),
        ];
        _order = string.Join(", ", entity.FindPrimaryKey()?.Properties.Select(property => Quote(property.GetColumnName())) ?? throw new InvalidOperationException($"{entity.Name} has no key."));
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it holds, to be compared with what a backup says.</summary>
    public string Shape => $"{Name}({string.Join(",", _columns.Select(column => $"{column.Name}:{column.Type.Name}"))})";

    /// <summary>All tables that every kind of database has, those that others refer to first.</summary>
    public static IReadOnlyList<BackupTable> Of(VaultDbContext context)
    {
        var ordered = new List<IEntityType>();
        foreach (var entity in context.Model.GetEntityTypes().Where(entity => entity.ClrType.Namespace == typeof(Rows.AppRow).Namespace).OrderBy(entity => entity.Name, StringComparer.Ordinal))
        {
            Add(entity);
        }

        return [.. ordered.Select(entity => new BackupTable(entity))];

        void Add(IEntityType entity)
        {
            if (ordered.Contains(entity))
            {
                return;
            }

            foreach (var key in entity.GetForeignKeys().Where(key => key.PrincipalEntityType != entity))
            {
                Add(key.PrincipalEntityType);
            }

            ordered.Add(entity);
        }
    }

    /// <summary>Writes all rows, a line each: the table's name, then its values.</summary>
    /// <returns>How many.</returns>
    public async Task<long> WriteAsync(DbConnection connection, DbTransaction snapshot, Stream output, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = snapshot;
#pragma warning disable CA2100 // Made of the model's own names.
        command.CommandText = $"SELECT {Columns} FROM {Quote(Name)} ORDER BY {_order}";
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        using var line = new MemoryStream();
        await using var json = new Utf8JsonWriter(line);
        long count = 0;
        for (; await reader.ReadAsync(cancellationToken); count++)
        {
            line.SetLength(0);
            json.Reset();
            json.WriteStartArray();
            json.WriteStringValue(Name);
            for (var at = 0; at < _columns.Count; at++)
            {
                Write(json, reader, at);
            }

            json.WriteEndArray();
            await json.FlushAsync(cancellationToken);
            line.WriteByte((byte)'\n');
            await output.WriteAsync(line.GetBuffer().AsMemory(0, (int)line.Length), cancellationToken);
        }

        return count;
    }

    /// <summary>Prepares to insert rows; one after the other.</summary>
    public DbCommand PrepareInsert(DbConnection connection, DbTransaction transaction)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        for (var at = 0; at < _columns.Count; at++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"@p{at}";
            command.Parameters.Add(parameter);
        }

#pragma warning disable CA2100 // Made of the model's own names.
        command.CommandText = $"INSERT INTO {Quote(Name)} ({Columns}) VALUES ({string.Join(", ", _columns.Select((_, at) => $"@p{at}"))})";
#pragma warning restore CA2100
        return command;
    }

    /// <summary>Inserts a row.</summary>
    /// <param name="insert">Of <see cref="PrepareInsert"/>.</param>
    /// <param name="row">The line: the table's name, then its values.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BackupDamagedException">It isn't a row of this table.</exception>
    public async Task InsertAsync(DbCommand insert, JsonElement row, CancellationToken cancellationToken)
    {
        if (row.GetArrayLength() != _columns.Count + 1)
        {
            throw new BackupDamagedException($"A row of {Name} in the backup has another number of values.");
        }

        for (var at = 0; at < _columns.Count; at++)
        {
            insert.Parameters[at].Value = Read(row[at + 1], _columns[at].Type);
        }

        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>How many rows there are.</summary>
    public async Task<long> CountAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Made of the model's own names.
        command.CommandText = $"SELECT COUNT(*) FROM {Quote(Name)}";
#pragma warning restore CA2100
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
    }

    private string Columns => string.Join(", ", _columns.Select(column => Quote(column.Name)));

    // As SQLite and PostgreSQL both have it.
    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static bool IsNumbered(IProperty property) => property.ValueGenerated is ValueGenerated.OnAdd && property.ClrType == typeof(long);

    private static Type StoredType(IProperty property)
    {
        var type = property.GetTypeMapping().Converter?.ProviderClrType ?? property.ClrType;
        return Nullable.GetUnderlyingType(type) ?? type;
    }

    private void Write(Utf8JsonWriter json, DbDataReader reader, int at)
    {
        if (reader.IsDBNull(at))
        {
            json.WriteNullValue();
            return;
        }

        try
        {
            WriteValue(json, reader, at);
        }
        catch (Exception exception) when (UndecodableRows.IsOne(exception))
        {
            throw new VaultStartException(
                $"A row of {Name} can't be read: its {_columns[at].Name} holds what only something else than the vault writes. `keys verify` names the row; remove or mend it.", exception);
        }
    }

    private void WriteValue(Utf8JsonWriter json, DbDataReader reader, int at)
    {
        switch (Type.GetTypeCode(_columns[at].Type))
        {
            case TypeCode.String:
                json.WriteStringValue(reader.GetString(at));
                break;
            case TypeCode.Int64 or TypeCode.Int32:
                json.WriteNumberValue(reader.GetInt64(at));
                break;
            case TypeCode.Double:
                json.WriteNumberValue(reader.GetDouble(at));
                break;
            case TypeCode.Boolean:
                json.WriteBooleanValue(reader.GetBoolean(at));
                break;
            case var _ when _columns[at].Type == typeof(Guid):
                json.WriteStringValue(reader.GetGuid(at));
                break;
            case var _ when _columns[at].Type == typeof(byte[]):
                json.WriteBase64StringValue(reader.GetFieldValue<byte[]>(at));
                break;
            default:
                throw new InvalidOperationException($"{Name}.{_columns[at].Name} has a type that no backup holds.");
        }
    }

    private static object Read(JsonElement value, Type type)
    {
        try
        {
            return value.ValueKind is JsonValueKind.Null ? DBNull.Value : Type.GetTypeCode(type) switch
            {
                TypeCode.String => value.GetString() ?? "",
                TypeCode.Int64 => value.GetInt64(),
                TypeCode.Int32 => value.GetInt32(),
                TypeCode.Double => value.GetDouble(),
                TypeCode.Boolean => value.GetBoolean(),
                _ => type == typeof(Guid) ? value.GetGuid() : value.GetBytesFromBase64(),
            };
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException)
        {
            throw new BackupDamagedException("A value in the backup has another type than its column.", exception);
        }
    }
}
