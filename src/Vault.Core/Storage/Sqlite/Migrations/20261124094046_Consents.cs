using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Vault.Core.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class Consents : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "IsRenewable",
                table: "tokens",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "authorization_requests",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    StateHash = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    ExternalCredentialId = table.Column<Guid>(type: "TEXT", nullable: false),
                    PrincipalId = table.Column<Guid>(type: "TEXT", nullable: false),
                    User = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    Sealed = table.Column<byte[]>(type: "BLOB", nullable: false),
                    ExpiresAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_authorization_requests", x => x.Id);
                    table.ForeignKey(
                        name: "FK_authorization_requests_external_credentials_ExternalCredentialId",
                        column: x => x.ExternalCredentialId,
                        principalTable: "external_credentials",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_authorization_requests_ExpiresAt",
                table: "authorization_requests",
                column: "ExpiresAt");

            migrationBuilder.CreateIndex(
                name: "IX_authorization_requests_ExternalCredentialId",
                table: "authorization_requests",
                column: "ExternalCredentialId");

            migrationBuilder.CreateIndex(
                name: "IX_authorization_requests_StateHash",
                table: "authorization_requests",
                column: "StateHash",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "authorization_requests");

            migrationBuilder.DropColumn(
                name: "IsRenewable",
                table: "tokens");
        }
    }
}
