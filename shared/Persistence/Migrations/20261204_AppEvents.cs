using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>What happened to apps while they were live.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261204700000_AppEvents")]
internal sealed class AppEventsTable : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "app_events",
            t => new
            {
                id = t.Column<Guid>(nullable: false),
                app_id = t.Column<Guid>(nullable: false),
                kind = t.Column<string>(nullable: false),
                process = t.Column<string>(nullable: false),
                instance = t.Column<string>(nullable: false),
                release = t.Column<int>(nullable: false),
                at = t.Column<DateTime>(nullable: false),
                last_at = t.Column<DateTime>(nullable: false),
                restarts = t.Column<int>(nullable: false),
                exit_code = t.Column<int>(nullable: true),
                reason = t.Column<string>(nullable: true),
                last_line = t.Column<string>(nullable: true),
            },
            constraints: t =>
            {
                t.PrimaryKey("pk_app_events", x => x.id);
                t.ForeignKey("fk_app_events_apps_app_id", x => x.app_id, "apps", "id", onDelete: ReferentialAction.Cascade);
            });
        migrationBuilder.CreateIndex("ix_app_events_app_id_at_id", "app_events", ["app_id", "at", "id"]);
    }

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropTable("app_events");
}
