using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

namespace Paas.Persistence.Migrations;

/// <summary>The first schema. A migration that has been released is never changed; the next change is another one.</summary>
[DbContext(typeof(PaasDbContext))]
[Migration("20261123000000_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "apps",
            t => new
            {
                id = t.Column<Guid>(nullable: false),
                name = t.Column<string>(maxLength: 40, nullable: false),
                repository = t.Column<string>(nullable: false),
                repository_key = t.Column<string>(nullable: false),
                sealed_repository_token = t.Column<string>(nullable: true),
                sealed_webhook_secret = t.Column<string>(nullable: false),
                target = t.Column<string>(nullable: false),
                created_at = t.Column<DateTime>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_apps", x => x.id));
        migrationBuilder.CreateIndex("ix_apps_name", "apps", "name", unique: true);
        migrationBuilder.CreateIndex("ix_apps_repository_key", "apps", "repository_key");

        migrationBuilder.CreateTable(
            "environments",
            t => new
            {
                id = t.Column<Guid>(nullable: false),
                app_id = t.Column<Guid>(nullable: false),
                name = t.Column<string>(nullable: false),
                branch = t.Column<string>(nullable: false),
                policy = t.Column<string>(nullable: false),
                active_deployment_id = t.Column<Guid>(nullable: true),
                last_sequence = t.Column<int>(nullable: false),
                last_release = t.Column<int>(nullable: false),
                live_release = t.Column<int>(nullable: true),
            },
            constraints: t =>
            {
                t.PrimaryKey("pk_environments", x => x.id);
                t.ForeignKey("fk_environments_apps_app_id", x => x.app_id, "apps", "id", onDelete: ReferentialAction.Cascade);
            });
        migrationBuilder.CreateIndex("ix_environments_app_id_name", "environments", ["app_id", "name"], unique: true);

        migrationBuilder.CreateTable(
            "config_vars",
            t => new
            {
                app_id = t.Column<Guid>(nullable: false),
                name = t.Column<string>(nullable: false),
                sealed_value = t.Column<string>(nullable: false),
                updated_at = t.Column<DateTime>(nullable: false),
            },
            constraints: t =>
            {
                t.PrimaryKey("pk_config_vars", x => new { x.app_id, x.name });
                t.ForeignKey("fk_config_vars_apps_app_id", x => x.app_id, "apps", "id", onDelete: ReferentialAction.Cascade);
            });

        migrationBuilder.CreateTable(
            "deliveries",
            t => new
            {
                id = t.Column<Guid>(nullable: false),
                delivery_id = t.Column<string>(nullable: true),
                app_id = t.Column<Guid>(nullable: true),
                app_name = t.Column<string>(nullable: true),
                @event = t.Column<string>(nullable: false),
                repository = t.Column<string>(nullable: true),
                @ref = t.Column<string>(nullable: true),
                before = t.Column<string>(nullable: true),
                after = t.Column<string>(nullable: true),
                ref_deleted = t.Column<bool>(nullable: false),
                commit_message = t.Column<string>(nullable: true),
                pusher = t.Column<string>(nullable: true),
                received_at = t.Column<DateTime>(nullable: false),
                decision = t.Column<string>(nullable: false),
                reason = t.Column<string>(nullable: false),
                deployment_id = t.Column<Guid>(nullable: true),
            },
            constraints: t => t.PrimaryKey("pk_deliveries", x => x.id));
        migrationBuilder.CreateIndex("ix_deliveries_app_id_delivery_id", "deliveries", ["app_id", "delivery_id"], unique: true);
        migrationBuilder.CreateIndex("ix_deliveries_received_at_id", "deliveries", ["received_at", "id"]);
        migrationBuilder.CreateIndex("ix_deliveries_decision", "deliveries", "decision");

        migrationBuilder.CreateTable(
            "deployments",
            t => new
            {
                correlation_id = t.Column<Guid>(nullable: false),
                current_state = t.Column<string>(nullable: false),
                app_id = t.Column<Guid>(nullable: false),
                app_name = t.Column<string>(nullable: false),
                environment_id = t.Column<Guid>(nullable: false),
                environment_name = t.Column<string>(nullable: false),
                target = t.Column<string>(nullable: false),
                sequence = t.Column<int>(nullable: false),
                trigger = t.Column<string>(nullable: false),
                requested_by = t.Column<string>(nullable: true),
                description = t.Column<string>(nullable: true),
                @ref = t.Column<string>(nullable: true),
                commit = t.Column<string>(nullable: true),
                commit_message = t.Column<string>(nullable: true),
                no_cache = t.Column<bool>(nullable: false),
                created_at = t.Column<DateTime>(nullable: false),
                finished_at = t.Column<DateTime>(nullable: true),
                step = t.Column<string>(nullable: true),
                attempt = t.Column<int>(nullable: false),
                deadline = t.Column<DateTime>(nullable: true),
                steps = t.Column<string>(nullable: false),
                source_digest = t.Column<string>(nullable: true),
                build_plan = t.Column<string>(nullable: true),
                run_plan = t.Column<string>(nullable: true),
                image_id = t.Column<string>(nullable: true),
                builder = t.Column<string>(nullable: true),
                image_digest = t.Column<string>(nullable: true),
                rollback_to = t.Column<int>(nullable: true),
                resume_step = t.Column<string>(nullable: true),
                release = t.Column<int>(nullable: true),
                url = t.Column<string>(nullable: true),
                failure_kind = t.Column<string>(nullable: true),
                failure_step = t.Column<string>(nullable: true),
                failure_reason = t.Column<string>(nullable: true),
                failure_message = t.Column<string>(nullable: true),
                exception_type = t.Column<string>(nullable: true),
                superseded_by = t.Column<Guid>(nullable: true),
                log_id = t.Column<Guid>(nullable: true),
                log_batches = t.Column<int>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_deployments", x => x.correlation_id));
        migrationBuilder.CreateIndex("ix_deployments_environment_id_sequence", "deployments", ["environment_id", "sequence"], unique: true);
        migrationBuilder.CreateIndex("ix_deployments_app_id_created_at", "deployments", ["app_id", "created_at"]);
        migrationBuilder.CreateIndex("ix_deployments_created_at_correlation_id", "deployments", ["created_at", "correlation_id"]);
        migrationBuilder.CreateIndex("ix_deployments_deadline", "deployments", "deadline");
        migrationBuilder.CreateIndex("ix_deployments_current_state", "deployments", "current_state");

        migrationBuilder.CreateTable(
            "releases",
            t => new
            {
                environment_id = t.Column<Guid>(nullable: false),
                version = t.Column<int>(nullable: false),
                app_id = t.Column<Guid>(nullable: false),
                deployment_id = t.Column<Guid>(nullable: false),
                commit = t.Column<string>(nullable: true),
                image_digest = t.Column<string>(nullable: false),
                run_plan = t.Column<string>(nullable: false),
                sealed_config_vars = t.Column<string>(nullable: true),
                description = t.Column<string>(nullable: false),
                state = t.Column<string>(nullable: false),
                created_at = t.Column<DateTime>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_releases", x => new { x.environment_id, x.version }));
        migrationBuilder.CreateIndex("ix_releases_deployment_id", "releases", "deployment_id", unique: true);
        migrationBuilder.CreateIndex("ix_releases_app_id", "releases", "app_id");

        migrationBuilder.CreateTable(
            "log_batches",
            t => new
            {
                id = t.Column<long>(nullable: false)
                    .Annotation("Sqlite:Autoincrement", true)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                deployment_id = t.Column<Guid>(nullable: false),
                step = t.Column<string>(nullable: false),
                attempt = t.Column<int>(nullable: false),
                log_id = t.Column<Guid>(nullable: false),
                batch = t.Column<int>(nullable: false),
                at = t.Column<DateTime>(nullable: false),
                text = t.Column<string>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_log_batches", x => x.id));
        migrationBuilder.CreateIndex("ix_log_batches_log_id_batch", "log_batches", ["log_id", "batch"], unique: true);
        migrationBuilder.CreateIndex("ix_log_batches_deployment_id_id", "log_batches", ["deployment_id", "id"]);

        migrationBuilder.CreateTable(
            "routes",
            t => new
            {
                app_id = t.Column<Guid>(nullable: false),
                app = t.Column<string>(nullable: false),
                release = t.Column<int>(nullable: false),
                instances = t.Column<string>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_routes", x => x.app_id));
        migrationBuilder.CreateIndex("ix_routes_app", "routes", "app");

        migrationBuilder.CreateTable(
            "access_tokens",
            t => new
            {
                hash = t.Column<string>(nullable: false),
                name = t.Column<string>(nullable: false),
                created_at = t.Column<DateTime>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_access_tokens", x => x.hash));

        migrationBuilder.CreateTable(
            "outbox_messages",
            t => new
            {
                sequence_number = t.Column<long>(nullable: false)
                    .Annotation("Sqlite:Autoincrement", true)
                    .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                message_id = t.Column<Guid>(nullable: false),
                conversation_id = t.Column<Guid>(nullable: true),
                correlation_id = t.Column<Guid>(nullable: true),
                initiator_id = t.Column<Guid>(nullable: true),
                source_address = t.Column<string>(nullable: true),
                destination_address = t.Column<string>(nullable: true),
                response_address = t.Column<string>(nullable: true),
                fault_address = t.Column<string>(nullable: true),
                sent_time = t.Column<DateTime>(nullable: true),
                content_type = t.Column<string>(nullable: false),
                message_type = t.Column<string>(nullable: false),
                body = t.Column<string>(nullable: false),
                headers_json = t.Column<string>(nullable: false),
                created_at = t.Column<DateTime>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_outbox_messages", x => x.sequence_number));
        migrationBuilder.CreateIndex("ix_outbox_messages_created_at", "outbox_messages", "created_at");

        migrationBuilder.CreateTable(
            "inbox_messages",
            t => new
            {
                message_id = t.Column<Guid>(nullable: false),
                consumer_id = t.Column<Guid>(nullable: false),
                consumed_at = t.Column<DateTime>(nullable: false),
            },
            constraints: t => t.PrimaryKey("pk_inbox_messages", x => new { x.message_id, x.consumer_id }));
        migrationBuilder.CreateIndex("ix_inbox_messages_consumed_at", "inbox_messages", "consumed_at");
    }

    protected override void Down(MigrationBuilder migrationBuilder)
    {
        foreach (var table in new[]
                 {
                     "inbox_messages", "outbox_messages", "access_tokens", "routes", "log_batches", "releases", "deployments", "deliveries",
                     "config_vars", "environments", "apps",
                 })
        {
            migrationBuilder.DropTable(table);
        }
    }
}
