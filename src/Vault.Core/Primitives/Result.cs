using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Primitives;

/// <summary>A value, or the expected failure that stands in its place. Bugs and faults throw instead.</summary>
public readonly record struct Result<T>
{
    private Result(T? value, VaultError? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>The value; not null where <see cref="IsOk"/>.</summary>
    public T? Value { get; }

    /// <summary>The failure; null where <see cref="IsOk"/>.</summary>
    public VaultError? Error { get; }

    /// <summary>Whether there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    /// <summary>A success.</summary>
    public static implicit operator Result<T>(T value) => new(value, null);

    /// <summary>A failure.</summary>
    public static implicit operator Result<T>(VaultError error) => new(default, error);

    internal static Result<T> Ok(T value) => new(value, null);
}
