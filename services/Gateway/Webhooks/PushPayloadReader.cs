using System.Buffers;
using System.Text.Json;

namespace Paas.Gateway.Webhooks;

/// <summary>Reads the few members of a payload that matter, in one pass and in little memory.</summary>
internal static class PushPayloadReader
{
    private const int BufferBytes = 64 * 1024;

    /// <exception cref="JsonException">The document is malformed, too deep, or no object.</exception>
    public static async Task<PushPayload> ReadAsync(Stream json, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var progress = new Progress { State = new JsonReaderState(new JsonReaderOptions { MaxDepth = 64 }) };
            var filter = new PayloadFilter();
            var length = 0;
            while (true)
            {
                if (length == buffer.Length)
                    throw new JsonException("A token is too long.", path: null, lineNumber: null, bytePositionInLine: null);
                var read = await json.ReadAsync(buffer.AsMemory(length), cancellation);
                length += filter.Apply(buffer.AsSpan(length, read));
                var consumed = Parse(buffer.AsSpan(0, length), read == 0, progress);
                buffer.AsSpan(consumed, length - consumed).CopyTo(buffer);
                length -= consumed;
                if (read == 0)
                    return progress.Payload;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int Parse(ReadOnlySpan<byte> json, bool isFinal, Progress progress)
    {
        var reader = new Utf8JsonReader(json, isFinal, progress.State);
        try
        {
            while (reader.Read())
                progress.Apply(ref reader);
        }
        catch (InvalidOperationException)
        {
            throw new JsonException("A string is not text.", path: null, lineNumber: null, bytePositionInLine: null);
        }

        progress.State = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private sealed class Progress
    {
        private string? _parent;
        private string? _name;
        private bool _begun;
        private bool _inCommits;
        private bool _inFiles;
        private bool _namesFiles;

        public JsonReaderState State { get; set; }
        public PushPayload Payload { get; } = new();

        public void Apply(ref Utf8JsonReader reader)
        {
            if (!_begun && reader.TokenType != JsonTokenType.StartObject)
                throw new JsonException("The document is no object.", path: null, lineNumber: 0, bytePositionInLine: 0);
            _begun = true;
            if (_inCommits && reader.CurrentDepth >= 2)
            {
                ApplyInCommits(ref reader);
                return;
            }

            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when reader.CurrentDepth == 1:
                    _inCommits = false;
                    (_parent, _name) = (null, reader.GetString());
                    Payload.Forget(null, _name!);
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 2 && _parent is not null:
                    _name = reader.GetString();
                    Payload.Forget(_parent, _name!);
                    break;
                case JsonTokenType.StartObject when reader.CurrentDepth == 1:
                    (_parent, _name) = (_name, null);
                    break;
                case JsonTokenType.StartArray when reader.CurrentDepth == 1:
                    _inCommits = _name == "commits";
                    (_parent, _name) = (null, null);
                    break;
                case JsonTokenType.String when IsHere(reader.CurrentDepth) && PushPayload.Wants(_parent, _name!):
                    Payload.Set(_parent, _name!, reader.GetString()!);
                    break;
                case JsonTokenType.True or JsonTokenType.False when reader.CurrentDepth == 1 && _parent is null && _name is not null:
                    Payload.SetFlag(_name, reader.TokenType == JsonTokenType.True);
                    break;
            }
        }

        /// <summary>Of each commit the files that it has changed.</summary>
        private void ApplyInCommits(ref Utf8JsonReader reader)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject when reader.CurrentDepth == 2:
                    _namesFiles = false;
                    break;
                case JsonTokenType.EndObject when reader.CurrentDepth == 2:
                    Payload.AddCommit(_namesFiles);
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 3:
                    _name = reader.GetString();
                    break;
                case JsonTokenType.StartArray when reader.CurrentDepth == 3 && _name is ("added" or "removed" or "modified"):
                    _namesFiles = _inFiles = true;
                    break;
                case JsonTokenType.EndArray when reader.CurrentDepth == 3:
                    _inFiles = false;
                    break;
                case JsonTokenType.String when _inFiles && reader.CurrentDepth == 4:
                    Payload.AddChangedPath(reader.GetString()!);
                    break;
            }
        }

        private bool IsHere(int depth) => _name is not null && depth == (_parent is null ? 1 : 2);
    }
}
