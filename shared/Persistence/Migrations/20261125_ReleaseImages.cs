using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>
/// Finds the releases that have an image: of every artifact that might be removed it is asked whether a release needs
/// it. Deployments need no such index, for those that count are found by their state.
/// </summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261125000000_ReleaseImages")]
internal sealed class ReleaseImages : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.CreateIndex("ix_releases_image_digest", "releases", "image_digest");

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropIndex("ix_releases_image_digest", "releases");
}
