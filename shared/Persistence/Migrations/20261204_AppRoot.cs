using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>The folder of the repository that an app is in.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261204510000_AppRoot")]
internal sealed class AppRoot : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.AddColumn<string>("root", "apps", nullable: true);

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropColumn("root", "apps");
}
