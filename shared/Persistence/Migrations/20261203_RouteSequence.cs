using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>Which message a route was set by, so that an earlier one that comes later does not set it.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261203000000_RouteSequence")]
internal sealed class RouteSequenceColumn : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.AddColumn<long>("sequence", "routes", nullable: false, defaultValue: 0L);

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropColumn("sequence", "routes");
}
