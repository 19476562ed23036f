namespace Paas.Persistence;

/// <summary>What is said to the operator about the database.</summary>
internal static class PersistenceTexts
{
    public static string NoDatabase() =>
        "Services on their own keep their data in one PostgreSQL: set ConnectionStrings__Paas to 'Host=…;Username=…;Password=…;Database=paas', or run the standalone platform, which needs no database server.";
}
