using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>How many instances of each process type were asked for.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261202000000_Formation")]
internal sealed class FormationColumn : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.AddColumn<string>("formation", "environments", nullable: true);

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropColumn("formation", "environments");
}
