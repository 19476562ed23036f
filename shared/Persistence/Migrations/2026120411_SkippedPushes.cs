using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>Which pushes an app leaves out, and why one was left out.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261204110000_SkippedPushes")]
internal sealed class SkippedPushColumns : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<bool>("skip_ci", "apps", nullable: false, defaultValue: true);
        migrationBuilder.AddColumn<string>("watch_paths", "apps", nullable: true);
        migrationBuilder.AddColumn<string>("skip_reason", "deliveries", nullable: true);
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropColumn("skip_reason", "deliveries");
        migrationBuilder.DropColumn("watch_paths", "apps");
        migrationBuilder.DropColumn("skip_ci", "apps");
    }
}
