using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>The list of apps begins with the newest: without the index each page sorted all of them.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261125000000_AppsByCreation")]
internal sealed class AppsByCreation : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.CreateIndex("ix_apps_created_at_id", "apps", ["created_at", "id"]);

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropIndex("ix_apps_created_at_id", "apps");
}
