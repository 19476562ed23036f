using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Paas.Servers.Otlp;

public sealed record OtlpSpan
{
    public required string Service { get; init; }
    public required string TraceId { get; init; }
    public required string SpanId { get; init; }

    /// <summary>Empty for a root.</summary>
    public required string ParentId { get; init; }
    public required string Name { get; init; }
    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    /// <summary>The traces it is linked to.</summary>
    public required IReadOnlyList<string> Links { get; init; }
    public required bool IsError { get; init; }
    public required TimeSpan Duration { get; init; }
}

/// <summary>The newest value of one time series.</summary>
/// <param name="Count">How often something was counted or measured.</param>
/// <param name="Sum">Of what was measured.</param>
public sealed record OtlpPoint(string Service, string Metric, IReadOnlyDictionary<string, string> Attributes, long Count, double Sum);

public sealed record OtlpLog(string Service, string Text, string TraceId, IReadOnlyDictionary<string, string> Attributes);

/// <summary>Takes traces, metrics and logs over OTLP/HTTP, as a collector does, and keeps them.</summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<OtlpSpan> _spans = [];
    private readonly ConcurrentDictionary<string, OtlpPoint> _points = [];
    private readonly ConcurrentQueue<OtlpLog> _logs = [];
    private readonly WebApplication _server;

    private OtlpReceiver(WebApplication server) => _server = server;

    public IReadOnlyCollection<OtlpSpan> Spans => _spans;
    public IReadOnlyCollection<OtlpLog> Logs => _logs;

    /// <summary>What makes a process send here, often enough for a test.</summary>
    public (string Name, string Value)[] Environment =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", _server.Urls.First()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("NO_PROXY", "127.0.0.1"),
    ];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = ["--urls", "http://127.0.0.1:0"] });
        builder.Logging.ClearProviders();
        var receiver = new OtlpReceiver(builder.Build());
        receiver._server.MapPost("/v1/traces", context => ReceiveAsync(context, receiver.AddSpans));
        receiver._server.MapPost("/v1/metrics", context => ReceiveAsync(context, receiver.AddPoints));
        receiver._server.MapPost("/v1/logs", context => ReceiveAsync(context, receiver.AddLogs));
        await receiver._server.StartAsync();
        return receiver;
    }

    /// <summary>How often a metric was recorded with these attributes, over all services and all other attributes.</summary>
    public long Count(string metric, params (string Name, string Value)[] attributes) =>
        Points(metric).Where(point => attributes.All(asked => point.Attributes.GetValueOrDefault(asked.Name) == asked.Value)).Sum(point => point.Count);

    /// <summary>All spans of the trace that a span belongs to.</summary>
    public IReadOnlyList<OtlpSpan> TraceOf(OtlpSpan span) => [.. _spans.Where(other => other.TraceId == span.TraceId)];

    public IEnumerable<OtlpPoint> Points(string metric) => _points.Values.Where(point => point.Metric == metric);

    public IEnumerable<OtlpPoint> AllPoints => _points.Values;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task ReceiveAsync(HttpContext context, Action<ReadOnlyMemory<byte>> add)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        add(body.ToArray());
        context.Response.ContentType = "application/x-protobuf";
    }

    private void AddSpans(ReadOnlyMemory<byte> request)
    {
        foreach (var (service, span) in Records(request))
        {
            var fields = span.Fields.ToList();
            _spans.Enqueue(new OtlpSpan
            {
                Service = service,
                TraceId = fields.Single(field => field.Number == 1).Hex,
                SpanId = fields.Single(field => field.Number == 2).Hex,
                ParentId = fields.FirstOrDefault(field => field.Number == 4).Hex,
                Name = fields.Single(field => field.Number == 5).Text,
                Attributes = Attributes(fields, 9),
                Links = [.. fields.Where(field => field.Number == 13).Select(link => link.Fields.Single(field => field.Number == 1).Hex)],
                IsError = fields.Where(field => field.Number == 15).SelectMany(status => status.Fields).Any(field => field is { Number: 3, Value: 2 }),
                Duration = TimeSpan.FromTicks((long)(fields.Single(field => field.Number == 8).Value - fields.Single(field => field.Number == 7).Value) / 100),
            });
        }
    }

    private void AddPoints(ReadOnlyMemory<byte> request)
    {
        foreach (var (service, metric) in Records(request))
        {
            var name = metric.Fields.Single(field => field.Number == 1).Text;
            foreach (var kind in metric.Fields.Where(field => field.Number is 5 or 7 or 9))
            {
                foreach (var point in kind.Fields.Where(field => field.Number == 1))
                {
                    var isHistogram = kind.Number == 9;
                    var attributes = Attributes(point.Fields, isHistogram ? 9 : 7);
                    var count = point.Fields.FirstOrDefault(field => field.Number == (isHistogram ? 4 : 6)).Value;
                    var sum = isHistogram ? point.Fields.FirstOrDefault(field => field.Number == 5).Double : count;
                    _points[$"{service} {name} {string.Join(' ', attributes.Select(pair => $"{pair.Key}={pair.Value}").Order())}"] = new OtlpPoint(service, name, attributes, (long)count, sum);
                }
            }
        }
    }

    private void AddLogs(ReadOnlyMemory<byte> request)
    {
        foreach (var (service, record) in Records(request))
        {
            var fields = record.Fields.ToList();
            _logs.Enqueue(new OtlpLog(
                service, Value(fields.FirstOrDefault(field => field.Number == 5)), fields.FirstOrDefault(field => field.Number == 9).Hex, Attributes(fields, 6)));
        }
    }

    /// <summary>The spans, metrics or log records of a request: all three are wrapped in the same way.</summary>
    private static IEnumerable<(string Service, Field Record)> Records(ReadOnlyMemory<byte> request) =>
        from resource in Field.Read(request)
        let service = Attributes(resource.Fields.Where(field => field.Number == 1).SelectMany(field => field.Fields), 1)["service.name"]
        from scope in resource.Fields
        where scope.Number == 2
        from record in scope.Fields
        where record.Number == 2
        select (service, record);

    private static Dictionary<string, string> Attributes(IEnumerable<Field> fields, int number) => fields.Where(field => field.Number == number)
        .Select(pair => (Key: pair.Fields.Single(field => field.Number == 1).Text, Value: Value(pair.Fields.FirstOrDefault(field => field.Number == 2))))
        .GroupBy(pair => pair.Key).ToDictionary(same => same.Key, same => same.Last().Value);

    private static string Value(Field any) => any.Fields.Select(value => value.Number switch
    {
        1 => value.Text,
        2 => value.Value == 0 ? "false" : "true",
        4 => value.Double.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => ((long)value.Value).ToString(System.Globalization.CultureInfo.InvariantCulture),
    }).FirstOrDefault("");
}
