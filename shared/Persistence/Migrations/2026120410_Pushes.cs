using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>By what a delivery is known that comes again, and which commit a pushed one was overtaken by.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261204100000_Pushes")]
internal sealed class PushColumns : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<string>("signature_hash", "deliveries", nullable: true);
        migrationBuilder.CreateIndex("ix_deliveries_app_id_signature_hash", "deliveries", ["app_id", "signature_hash"], unique: true);
        migrationBuilder.CreateIndex("ix_deliveries_deployment_id", "deliveries", "deployment_id");
        migrationBuilder.AddColumn<bool>("head_unconfirmed", "deployments", nullable: false, defaultValue: false);
        migrationBuilder.AddColumn<string>("superseded_by_commit", "deployments", nullable: true);
        migrationBuilder.AddColumn<string>("superseded_reason", "deployments", nullable: true);
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropColumn("superseded_reason", "deployments");
        migrationBuilder.DropColumn("superseded_by_commit", "deployments");
        migrationBuilder.DropColumn("head_unconfirmed", "deployments");
        migrationBuilder.DropIndex("ix_deliveries_deployment_id", "deliveries");
        migrationBuilder.DropIndex("ix_deliveries_app_id_signature_hash", "deliveries");
        migrationBuilder.DropColumn("signature_hash", "deliveries");
    }
}
