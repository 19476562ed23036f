using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Paas.Persistence.Tests;

public sealed class PostgresSettingsTests
{
    [Fact]
    public void Connections_prepare_their_statements_and_are_not_reset()
    {
        var settings = Settings("Host=db;Username=paas;Password=secret;Database=paas");
        settings.MaxAutoPrepare.ShouldBePositive();
        settings.NoResetOnClose.ShouldBeTrue();
        settings.Password.ShouldBe("secret");
    }

    [Theory]
    [InlineData("Max Auto Prepare=0;No Reset On Close=false")]
    [InlineData("MaxAutoPrepare=0;NoResetOnClose=False")]
    public void What_the_operator_has_set_stays(string given)
    {
        var settings = Settings($"Host=db;Database=paas;{given}");
        settings.MaxAutoPrepare.ShouldBe(0);
        settings.NoResetOnClose.ShouldBeFalse();
    }

    private static NpgsqlConnectionStringBuilder Settings(string connection)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Paas"] = connection }).Build();
        var options = new DbContextOptionsBuilder<PaasDbContext>();
        options.UsePaasDatabase(configuration);
        using var db = new PaasDbContext(options.Options);
        return new NpgsqlConnectionStringBuilder(db.Database.GetConnectionString());
    }
}
