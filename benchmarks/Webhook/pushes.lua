-- Sends signed pushes; each has a delivery id of its own. Arguments: a mark of the run, and a file of
-- lines "app signature body".
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  run, sent, pushes = arguments[1], 0, {}
  for line in io.lines(arguments[2]) do
    local app, signature, body = line:match("^(%S+) (%S+) (.*)$")
    pushes[#pushes + 1] = { path = "/webhooks/github/" .. app, signature = signature, body = body }
  end
end

function request()
  sent = sent + 1
  local push = pushes[sent % #pushes + 1]
  return wrk.format("POST", push.path, {
    ["Content-Type"] = "application/json",
    ["X-GitHub-Event"] = "push",
    ["X-GitHub-Delivery"] = run .. "-" .. number .. "-" .. sent,
    ["X-Hub-Signature-256"] = push.signature,
  }, push.body)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
