using Vault.Core.Primitives;
using Xunit;

namespace Vault.Core.Tests.Primitives;

public sealed class VaultKeyFormTests
{
    [Theory]
    [InlineData("/api/v1/admin-keys/vk_testadmin1_0123456789abcdef0123456789abcdef01", "/api/v1/admin-keys/vk_testadmin1_••••••", true)]
    [InlineData("vk_testadmin1_0123456789-_cdef0123456789abcdef01/x/vk_testadmin2_short", "vk_testadmin1_••••••/x/vk_testadmin2_short", true)]
    [InlineData("/x/vk%5Ftestadmin1%5f0123456789-_cdef0123456789abcdef01", "/x/vk%5Ftestadmin1%5f••••••", true)]
    [InlineData("vk_partners_A", "vk_partners_A", false)]
    [InlineData("/callout/Service/vk_short_x", "/callout/Service/vk_short_x", false)]
    [InlineData("Billing", "Billing", false)]
    public void Key_IsFound_AndHidden(string text, string hidden, bool isWhole)
    {
        Assert.Equal(hidden, VaultKeyForm.Hide(text));
        Assert.Equal(isWhole, VaultKeyForm.IsIn(text));
    }
}
