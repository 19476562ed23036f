using Microsoft.Extensions.Configuration;
using Paas.Contracts;
using Paas.Hosting.Source;
using Paas.Hosting.Steps;

namespace Paas.Hosting.Tests;

/// <summary>Settings that are wrong are named, with what they may be.</summary>
public sealed class SettingTests
{
    [Theory]
    [InlineData("Source:AllowFile", "yes", "Source__AllowFile", "true or false")]
    [InlineData("Source:MaxFiles", "many", "Source__MaxFiles", "a whole number")]
    [InlineData("Source:FetchTimeout", "5 minutes", "Source__FetchTimeout", "a duration such as 00:00:30")]
    public void A_value_of_the_wrong_type_is_told_with_the_setting(string key, string value, string name, string allowed)
    {
        var exception = Should.Throw<InvalidOperationException>(() => Configuration(key, value).GetSection("Source").Get<SourceOptions>());

        StartException.Explain(exception).ShouldBe($"The setting {name} has a value it can't have: set it to {allowed}, or leave it out.");
    }

    [Fact]
    public void A_mistyped_setting_is_told_with_the_one_that_was_meant()
    {
        var warnings = UnknownSettings.Find(Configuration("Source:AllowFil", "true"), [typeof(SourceOptions).Assembly]).ToList();

        warnings.ShouldBe(["Warning: there is no setting Source__AllowFil; it has no effect. Did you mean Source__AllowFile?"]);
        UnknownSettings.Find(Configuration("source:allowfile", "true"), [typeof(SourceOptions).Assembly]).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("ImmediateRetries", "-1")]
    [InlineData("Concurrency", "0")]
    [InlineData("Deadline", "00:00:00")]
    public void A_step_s_setting_that_is_out_of_range_is_told(string name, string value) =>
        Should.Throw<StartException>(() => new StepPolicies(Configuration($"Steps:{Step.BuildImage}:{name}", value))).Message.ShouldStartWith($"The setting Steps__BuildImage__{name} ");

    private static IConfiguration Configuration(string key, string value) =>
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [key] = value }).Build();
}
