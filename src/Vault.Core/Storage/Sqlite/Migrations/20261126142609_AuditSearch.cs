using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Vault.Core.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class AuditSearch : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_audit_Action_Sequence",
                table: "audit",
                columns: new[] { "Action", "Sequence" },
                filter: "\"Action\" <> 'callout'");

            migrationBuilder.CreateIndex(
                name: "IX_audit_Actor_Sequence",
                table: "audit",
                columns: new[] { "Actor", "Sequence" });

            migrationBuilder.CreateIndex(
                name: "IX_audit_Outcome_Sequence",
                table: "audit",
                columns: new[] { "Outcome", "Sequence" },
                filter: "\"Outcome\" <> 'success'");

            migrationBuilder.CreateIndex(
                name: "IX_audit_Target_Sequence",
                table: "audit",
                columns: new[] { "Target", "Sequence" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_audit_Action_Sequence",
                table: "audit");

            migrationBuilder.DropIndex(
                name: "IX_audit_Actor_Sequence",
                table: "audit");

            migrationBuilder.DropIndex(
                name: "IX_audit_Outcome_Sequence",
                table: "audit");

            migrationBuilder.DropIndex(
                name: "IX_audit_Target_Sequence",
                table: "audit");
        }
    }
}
