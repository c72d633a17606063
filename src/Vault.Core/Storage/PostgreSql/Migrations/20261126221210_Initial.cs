using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Vault.Core.Storage.PostgreSql.Migrations
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "apps",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    NameKey = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false, collation: "C"),
                    Document = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Mac = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_apps", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "audit",
                columns: table => new
                {
                    Sequence = table.Column<long>(type: "bigint", nullable: false),
                    Segment = table.Column<int>(type: "integer", nullable: false),
                    Id = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    At = table.Column<long>(type: "bigint", nullable: false),
                    Actor = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Action = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Target = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Outcome = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Principal = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    User = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Method = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Host = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Path = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Status = table.Column<int>(type: "integer", nullable: true),
                    DurationMs = table.Column<double>(type: "double precision", nullable: true),
                    BytesIn = table.Column<long>(type: "bigint", nullable: true),
                    BytesOut = table.Column<long>(type: "bigint", nullable: true),
                    RemoteAddress = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Code = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    TraceId = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Previous = table.Column<byte[]>(type: "bytea", nullable: false),
                    Hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    Mac = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audit", x => x.Sequence);
                });

            migrationBuilder.CreateTable(
                name: "changes",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Kind = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Key = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_changes", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "external_credentials",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    NameKey = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false, collation: "C"),
                    Document = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Mac = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_external_credentials", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "facts",
                columns: table => new
                {
                    Name = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false, collation: "C"),
                    Value = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_facts", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "key_ring",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    FriendlyName = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    Xml = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_key_ring", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "operations",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Kind = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    Status = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, collation: "C"),
                    Stage = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    After = table.Column<Guid>(type: "uuid", nullable: true),
                    Done = table.Column<long>(type: "bigint", nullable: false),
                    Total = table.Column<long>(type: "bigint", nullable: false),
                    Unreadable = table.Column<long>(type: "bigint", nullable: false),
                    Step = table.Column<long>(type: "bigint", nullable: false),
                    StartedAt = table.Column<long>(type: "bigint", nullable: false),
                    FinishedAt = table.Column<long>(type: "bigint", nullable: true),
                    Detail = table.Column<string>(type: "text", nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_operations", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "replicas",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    SeenAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_replicas", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "token_leases",
                columns: table => new
                {
                    Account = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Replica = table.Column<Guid>(type: "uuid", nullable: false),
                    Take = table.Column<Guid>(type: "uuid", nullable: false),
                    ExpiresAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_token_leases", x => x.Account);
                });

            migrationBuilder.CreateTable(
                name: "vault_keys",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Purpose = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, collation: "C"),
                    Protected = table.Column<byte[]>(type: "bytea", nullable: false),
                    CheckValue = table.Column<byte[]>(type: "bytea", nullable: false),
                    Canary = table.Column<byte[]>(type: "bytea", nullable: false),
                    IsActive = table.Column<bool>(type: "boolean", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_vault_keys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "keys",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Role = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    AppId = table.Column<Guid>(type: "uuid", nullable: true),
                    Name = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    NameKey = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: true, collation: "C"),
                    Hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    ExpiresAt = table.Column<long>(type: "bigint", nullable: true),
                    LastUsedAt = table.Column<long>(type: "bigint", nullable: true),
                    Mac = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_keys", x => x.Id);
                    table.ForeignKey(
                        name: "FK_keys_apps_AppId",
                        column: x => x.AppId,
                        principalTable: "apps",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "authorization_requests",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    StateHash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    ExternalCredentialId = table.Column<Guid>(type: "uuid", nullable: false),
                    PrincipalId = table.Column<Guid>(type: "uuid", nullable: false),
                    User = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    Sealed = table.Column<byte[]>(type: "bytea", nullable: false),
                    ExpiresAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_authorization_requests", x => x.Id);
                    table.ForeignKey(
                        name: "FK_authorization_requests_external_credentials_ExternalCredent~",
                        column: x => x.ExternalCredentialId,
                        principalTable: "external_credentials",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "named_credentials",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    NameKey = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false, collation: "C"),
                    ExternalCredentialId = table.Column<Guid>(type: "uuid", nullable: false),
                    Document = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Mac = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_named_credentials", x => x.Id);
                    table.ForeignKey(
                        name: "FK_named_credentials_external_credentials_ExternalCredentialId",
                        column: x => x.ExternalCredentialId,
                        principalTable: "external_credentials",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "secrets",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    ExternalCredentialId = table.Column<Guid>(type: "uuid", nullable: false),
                    PrincipalId = table.Column<Guid>(type: "uuid", nullable: false),
                    User = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    NameKey = table.Column<string>(type: "character varying(80)", maxLength: 80, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    Sealed = table.Column<byte[]>(type: "bytea", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false),
                    RetiredAt = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_secrets", x => x.Id);
                    table.ForeignKey(
                        name: "FK_secrets_external_credentials_ExternalCredentialId",
                        column: x => x.ExternalCredentialId,
                        principalTable: "external_credentials",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "tokens",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    ExternalCredentialId = table.Column<Guid>(type: "uuid", nullable: false),
                    PrincipalId = table.Column<Guid>(type: "uuid", nullable: false),
                    User = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    NamedCredentialId = table.Column<Guid>(type: "uuid", nullable: true),
                    Stamp = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false),
                    Sealed = table.Column<byte[]>(type: "bytea", nullable: false),
                    ObtainedAt = table.Column<long>(type: "bigint", nullable: false),
                    ExpiresAt = table.Column<long>(type: "bigint", nullable: true),
                    RetiredAt = table.Column<long>(type: "bigint", nullable: true),
                    IsRenewable = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tokens", x => x.Id);
                    table.ForeignKey(
                        name: "FK_tokens_external_credentials_ExternalCredentialId",
                        column: x => x.ExternalCredentialId,
                        principalTable: "external_credentials",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "grants",
                columns: table => new
                {
                    AppId = table.Column<Guid>(type: "uuid", nullable: false),
                    NamedCredentialId = table.Column<Guid>(type: "uuid", nullable: false),
                    Principals = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Mac = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_grants", x => new { x.AppId, x.NamedCredentialId });
                    table.ForeignKey(
                        name: "FK_grants_apps_AppId",
                        column: x => x.AppId,
                        principalTable: "apps",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_grants_named_credentials_NamedCredentialId",
                        column: x => x.NamedCredentialId,
                        principalTable: "named_credentials",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_apps_NameKey",
                table: "apps",
                column: "NameKey",
                unique: true);

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
                name: "IX_audit_At",
                table: "audit",
                column: "At");

            migrationBuilder.CreateIndex(
                name: "IX_audit_Id",
                table: "audit",
                column: "Id");

            migrationBuilder.CreateIndex(
                name: "IX_audit_Outcome_Sequence",
                table: "audit",
                columns: new[] { "Outcome", "Sequence" },
                filter: "\"Outcome\" <> 'success'");

            migrationBuilder.CreateIndex(
                name: "IX_audit_Target_Sequence",
                table: "audit",
                columns: new[] { "Target", "Sequence" });

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

            migrationBuilder.CreateIndex(
                name: "IX_external_credentials_NameKey",
                table: "external_credentials",
                column: "NameKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_grants_NamedCredentialId",
                table: "grants",
                column: "NamedCredentialId");

            migrationBuilder.CreateIndex(
                name: "IX_keys_AppId",
                table: "keys",
                column: "AppId");

            migrationBuilder.CreateIndex(
                name: "IX_keys_NameKey",
                table: "keys",
                column: "NameKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_named_credentials_ExternalCredentialId",
                table: "named_credentials",
                column: "ExternalCredentialId");

            migrationBuilder.CreateIndex(
                name: "IX_named_credentials_NameKey",
                table: "named_credentials",
                column: "NameKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_operations_Status",
                table: "operations",
                column: "Status");

            migrationBuilder.CreateIndex(
                name: "IX_secrets_ExternalCredentialId",
                table: "secrets",
                column: "ExternalCredentialId");

            migrationBuilder.CreateIndex(
                name: "IX_secrets_PrincipalId_User_NameKey_Version",
                table: "secrets",
                columns: new[] { "PrincipalId", "User", "NameKey", "Version" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_secrets_RetiredAt",
                table: "secrets",
                column: "RetiredAt");

            migrationBuilder.CreateIndex(
                name: "IX_tokens_ExternalCredentialId_PrincipalId_User_NamedCredentia~",
                table: "tokens",
                columns: new[] { "ExternalCredentialId", "PrincipalId", "User", "NamedCredentialId" },
                unique: true,
                filter: "\"RetiredAt\" IS NULL")
                .Annotation("Npgsql:NullsDistinct", false);

            migrationBuilder.CreateIndex(
                name: "IX_tokens_PrincipalId_User",
                table: "tokens",
                columns: new[] { "PrincipalId", "User" });

            migrationBuilder.CreateIndex(
                name: "IX_tokens_RetiredAt",
                table: "tokens",
                column: "RetiredAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "audit");

            migrationBuilder.DropTable(
                name: "authorization_requests");

            migrationBuilder.DropTable(
                name: "changes");

            migrationBuilder.DropTable(
                name: "facts");

            migrationBuilder.DropTable(
                name: "grants");

            migrationBuilder.DropTable(
                name: "key_ring");

            migrationBuilder.DropTable(
                name: "keys");

            migrationBuilder.DropTable(
                name: "operations");

            migrationBuilder.DropTable(
                name: "replicas");

            migrationBuilder.DropTable(
                name: "secrets");

            migrationBuilder.DropTable(
                name: "token_leases");

            migrationBuilder.DropTable(
                name: "tokens");

            migrationBuilder.DropTable(
                name: "vault_keys");

            migrationBuilder.DropTable(
                name: "named_credentials");

            migrationBuilder.DropTable(
                name: "apps");

            migrationBuilder.DropTable(
                name: "external_credentials");
        }
    }
}
