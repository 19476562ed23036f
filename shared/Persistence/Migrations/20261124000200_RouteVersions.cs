using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>Numbers the changes of routes, so that several gateways see which of them they have missed.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261124000200_RouteVersions")]
internal sealed class RouteVersions : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "counters",
            t => new
            {
                name = t.Column<string>(nullable: false),
                value = t.Column<long>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_counters", x => x.name));
        migrationBuilder.AddColumn<long>("version", "routes", nullable: false, defaultValue: 0L);
        migrationBuilder.CreateIndex("ix_routes_version", "routes", "version");
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.DropIndex("ix_routes_version", "routes");
        migrationBuilder.DropColumn("version", "routes");
        migrationBuilder.DropTable("counters");
    }
}
