using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Paas.Persistence.Migrations;

/// <summary>What operators did: who, when, to what, and why.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261124000100_OperatorActions")]
internal sealed class OperatorActionsTable : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "operator_actions",
            t => new
            {
                id = t.Column<Guid>(nullable: false),
                deployment_id = t.Column<Guid>(nullable: true),
                action = t.Column<string>(nullable: false),
                step = t.Column<string>(nullable: true),
                attempt = t.Column<int>(nullable: true),
                from_step = t.Column<string>(nullable: true),
                message_id = t.Column<Guid>(nullable: true),
                queue = t.Column<string>(nullable: true),
                reason = t.Column<string>(nullable: true),
                by = t.Column<string>(nullable: false),
                at = t.Column<DateTime>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_operator_actions", x => x.id));
        migrationBuilder.CreateIndex("ix_operator_actions_deployment_id", "operator_actions", "deployment_id");
        migrationBuilder.CreateIndex("ix_operator_actions_at_id", "operator_actions", ["at", "id"]);
    }

    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropTable("operator_actions");
}
