using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>The trace of each deployment.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261201000000_TraceParent")]
internal sealed class TraceParent : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.AddColumn<string>("trace_parent", "deployments", nullable: true);
}
