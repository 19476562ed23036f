using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>Whether builds do not see a config var. Of those set before, it is not said, and builds see them.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261204500000_RunOnlyConfigVars")]
internal sealed class RunOnlyConfigVars : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.AddColumn<bool>("run_only", "config_vars", nullable: true);

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropColumn("run_only", "config_vars");
}
