using Paas.Hosting.Versions;

namespace Paas.ConfigurationValidator.Tests;

public sealed class VersionRangeTests
{
    private static readonly string[] Majors = ["24", "22", "20", "18", "16", "14"];
    private static readonly string[] Minors = ["8.4", "8.3", "8.2", "8.1", "8.0", "7.4"];

    [Theory]
    [InlineData("18.x || 16.x", "18")]
    [InlineData("16.x||18.x", "18")]
    [InlineData(">=16 <19", "18")]
    [InlineData(">= 16 < 19", "18")]
    [InlineData("16 - 20", "20")]
    [InlineData("^18", "18")]
    [InlineData("^18.12.1", "18")]
    [InlineData("~18.2", "18.2")]
    [InlineData("~18", "18")]
    [InlineData("18.20.4", "18.20.4")]
    [InlineData("=18.20.4", "18.20.4")]
    [InlineData(">=18 <18.5", "18.4")]
    [InlineData(">=18 <=18.5.2", "18.5.2")]
    [InlineData(">=18", "24")]
    [InlineData("*", "24")]
    [InlineData("<17", "16")]
    [InlineData(">14.1 <=16", "16")]
    [InlineData("^27.1", "27")]
    [InlineData("v20", "20")]
    [InlineData(">=20.0.0-rc.1 <21", "20")]
    public void The_newest_Node_that_fits_is_taken(string range, string version) =>
        VersionRange.Parse(range, VersionDialect.Npm).ShouldNotBeNull().Newest(Majors).ShouldBe(version);

    [Theory]
    [InlineData(">=8.1", "8.4")]
    [InlineData("^8.0", "8.4")]
    [InlineData("~8.1", "8.4")]
    [InlineData("~8.1.0", "8.1")]
    [InlineData("8.2.*", "8.2")]
    [InlineData("^7.4 || ^8.0", "8.4")]
    [InlineData(">=7.4,<8.2", "8.1")]
    [InlineData("^7.1|^7.2", "7.4")]
    [InlineData("8.1.5", "8.1.5")]
    public void The_newest_PHP_that_fits_is_taken(string range, string version) =>
        VersionRange.Parse(range, VersionDialect.Composer).ShouldNotBeNull().Newest(Minors).ShouldBe(version);

    [Theory]
    [InlineData(">=8.1,<8.3", "8.2")]
    [InlineData("~=8.1", "8.4")]
    [InlineData("~=8.1.2", "8.1")]
    [InlineData("==8.2.*", "8.2")]
    [InlineData("^8.1", "8.4")]
    [InlineData("~8.1", "8.1")]
    [InlineData(">=8.0, <9.0", "8.4")]
    public void The_newest_Python_that_fits_is_taken(string range, string version) =>
        VersionRange.Parse(range, VersionDialect.Python).ShouldNotBeNull().Newest(Minors).ShouldBe(version);

    [Theory]
    [InlineData("banana")]
    [InlineData("!=3.1")]
    [InlineData(">18 <16")]
    [InlineData("18.x || banana")]
    [InlineData("lts/*")]
    [InlineData("1.2.3.4")]
    public void What_can_not_be_told_is_none(string range) => VersionRange.Parse(range, VersionDialect.Npm).ShouldBeNull();

    [Theory]
    [InlineData("18.x || 16.x", "v18.20.4", true)]
    [InlineData("18.x || 16.x", "20.1.0", false)]
    [InlineData(">=16 <19", "18.99.0", true)]
    [InlineData(">=16 <19", "19.0.0", false)]
    [InlineData("~18.2", "18.3.0", false)]
    public void A_version_is_allowed_or_not(string range, string version, bool allowed) =>
        VersionRange.Parse(range, VersionDialect.Npm).ShouldNotBeNull().Allows(VersionNumber.Parse(version).ShouldNotBeNull()).ShouldBe(allowed);
}
