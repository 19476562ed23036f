using Paas.Contracts;

namespace Paas.ImageBuilder.Docker.Dockerfiles;

/// <summary>Packages by Composer; Apache serves <c>public/</c>, or the root where there is no such folder.</summary>
internal static class PhpDockerfile
{
    private const string Install =
        "composer install --no-dev --no-interaction --no-progress --prefer-dist --ignore-platform-reqs --no-scripts --no-autoloader";

    private static readonly string[] Packages = ["composer.json", "composer.lock"];

    public static string Write(DockerfileWriter dockerfile, BuildPlan plan, ContextFiles files, BaseImages images)
    {
        var root = files.Has("public/index.php") ? "/app/public" : "/app";
        var package = files.Text("composer.json");
        if (package is not null)
            Vendor(dockerfile, package, files, images);
        dockerfile.From(images.PhpFor(plan.RuntimeVersion))
            .Line("ENV PORT=8080")
            .Line(
                "RUN sed -ri 's!^Listen 80$!Listen ${PORT}!' /etc/apache2/ports.conf"
                + $" && sed -ri 's!:80>!:${{PORT}}>!; s!/var/www/html!{root}!' /etc/apache2/sites-available/000-default.conf"
                + " && sed -ri 's!/var/www/!/app/!' /etc/apache2/apache2.conf /etc/apache2/conf-available/docker-php.conf"
                + " && echo 'RedirectMatch 404 \"/[.](?!well-known(/|$))\"' > /etc/apache2/conf-enabled/paas-hidden.conf"
                + " && a2enmod rewrite")
            .AddUser();
        if (package is not null)
            dockerfile.CopyFrom("vendor", "/app", "/app");
        else
            dockerfile.CopySource(isOwn: true);
        return dockerfile.Line($"USER {DockerfileWriter.User}").Run(plan.Command).ToString();
    }

    private static void Vendor(DockerfileWriter dockerfile, string package, ContextFiles files, BaseImages images)
    {
        dockerfile.From(images.Composer, "vendor").Line("WORKDIR /app");
        // Packages that are folders of the app can only be read with it.
        if (package.Contains("\"repositories\"", StringComparison.Ordinal))
            dockerfile.CopySource().RunWithVariables(Install);
        else
            dockerfile.CopyFiles(Packages.Where(files.Has)).RunWithVariables(Install).CopySource();
        dockerfile.RunWithVariables("composer dump-autoload --no-dev --optimize --no-scripts");
    }
}
