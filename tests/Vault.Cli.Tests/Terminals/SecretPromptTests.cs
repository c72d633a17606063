using Vault.Cli.Terminals;
using Xunit;

namespace Vault.Cli.Tests.Terminals;

public sealed class SecretPromptTests
{
    private const string Key = "-----BEGIN PRIVATE KEY-----\nMIGH\nAbc=\n-----END PRIVATE KEY-----";
    private const string Certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

    [Theory]
    [InlineData("hunter2\rls -l\r", "hunter2", "ls -l\r")]
    [InlineData("\r", "", "")]
    [InlineData("hunt\b\bter\r", "huter", "")]
    [InlineData("wrong\u0015right\r", "right", "")]
    [InlineData("begin -----BEGIN X-----\rmore\r", "begin -----BEGIN X-----", "more\r")]
    public void Read_ALine_EndsWithIt(string typed, string value, string rest) => Assert.Equal((value, rest), Read(typed));

    [Theory]
    [InlineData(Key + "\n")]
    [InlineData(Certificate + "\n" + Certificate + "\n")]
    [InlineData(Certificate + "\n\n" + Certificate + "\n\n")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n-----END CERTIFICATE-----\nAbc\n-----END RSA PRIVATE KEY-----\n")]
    public void Read_AKeyThatIsPasted_LeavesNothingToTheShell(string pasted) =>
        Assert.Equal((pasted.TrimEnd('\n'), ""), Read(pasted.Replace('\n', '\r')));

    [Fact]
    public void Read_AKeyThatIsTyped_EndsWithTheLineThatEndsIt() =>
        Assert.Equal((Key, "ls\r"), Read(Key.Replace('\n', '\r') + "\rls\r", isPasted: false));

    private static (string Value, string Left) Read(string typed, bool isPasted = true)
    {
        var keys = new Queue<char>(typed);
        var value = SecretPrompt.Read(
            () => keys.Dequeue() switch
            {
                '\r' => new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false),
                '\b' => new ConsoleKeyInfo('\b', ConsoleKey.Backspace, false, false, false),
                '\u0015' => new ConsoleKeyInfo('\u0015', ConsoleKey.U, false, false, true),
                var key => new ConsoleKeyInfo(key, ConsoleKey.None, false, false, false),
            },
            () => isPasted && keys.Count > 0);
        return (value, string.Concat(keys));
    }
}
