using System.CommandLine;
using System.CommandLine.Parsing;

namespace Paas.Cli;

/// <summary>Options and arguments that more than one command has.</summary>
internal static class CommonOptions
{
    public static readonly Option<bool> Json = new("--json") { Description = CliTexts.HelpJson() };
    public static readonly Option<bool> Plain = new("--plain") { Description = CliTexts.HelpPlain(), Recursive = true };
    public static readonly Option<bool> NoFollow = new("--no-follow") { Description = CliTexts.HelpNoFollow() };
    public static readonly Option<string?> Urls = new("--urls") { Description = CliTexts.HelpUrls(), HelpName = "URL" };
    public static readonly Option<string?> Cursor = new("--cursor") { Description = CliTexts.HelpCursor() };
    public static readonly Argument<string> App = Named("APP", CliTexts.HelpApp());
    public static readonly Argument<string?> OptionalApp = new("APP") { Description = CliTexts.HelpOptionalApp(), Arity = ArgumentArity.ZeroOrOne };
    public static readonly Argument<string> Deployment = Named("DEPLOYMENT", CliTexts.HelpDeployment());
    public static readonly Argument<string?> OptionalDeployment = new("DEPLOYMENT") { Description = CliTexts.HelpDeployment(), Arity = ArgumentArity.ZeroOrOne };
    public static readonly Option<int> Limit = WithRange(new Option<int>("--limit") { Description = CliTexts.HelpLimit(), DefaultValueFactory = _ => 20 });

    private static Argument<string> Named(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }] && string.IsNullOrWhiteSpace(value))
                result.AddError(CliTexts.Empty(name));
        });
        return argument;
    }

    private static Option<int> WithRange(Option<int> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var value }] && !(int.TryParse(value, out var number) && number is >= 1 and <= 100))
                result.AddError(CliTexts.LimitOutOfRange());
        });
        return option;
    }
}
