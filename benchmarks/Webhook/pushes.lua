-- Sends signed pushes; each has a delivery id and a body of its own. Arguments: a mark of the run, a file of lines
-- "app rest-of-the-body" followed by lines "signature", and the number of the first push to send.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(arguments)
  run, sent, apps, signatures = arguments[1], tonumber(arguments[3]), {}, {}
  for line in io.lines(arguments[2]) do
    local app, body = line:match("^(%S+) (.*)$")
    if app then
      apps[#apps + 1] = { path = "/webhooks/github/" .. app, body = body }
    else
      signatures[#signatures + 1] = line
    end
  end
end

function request()
  local push = sent % #signatures
  sent = sent + 1
  local app = apps[push % #apps + 1]
  return wrk.format("POST", app.path, {
    ["Content-Type"] = "application/json",
    ["X-GitHub-Event"] = "push",
    ["X-GitHub-Delivery"] = run .. "-" .. number .. "-" .. sent,
    ["X-Hub-Signature-256"] = "sha256=" .. signatures[push + 1],
  }, '{"number":' .. push .. "," .. app.body)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
