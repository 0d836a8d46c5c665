-- What wrk posts: bodies of Alertmanager's API v2, made once before the run.
-- environment: PER_REQUEST alerts in a body, DISTINCT different alerts over all bodies, STARTS_AT, ENDS_AT
local per_request = tonumber(os.getenv("PER_REQUEST"))
local distinct = tonumber(os.getenv("DISTINCT"))
local starts_at, ends_at = os.getenv("STARTS_AT"), os.getenv("ENDS_AT")

local function alert(number)
  return string.format(
    '{"labels":{"alertname":"LatencyHigh","service":"shop","severity":"critical","instance":"shop-%05d","zone":"a"},'
      .. '"annotations":{"summary":"shop-%05d answers slowly","runbook_url":"https://runbooks.example/shop"},'
      .. '"startsAt":"%s","endsAt":"%s","generatorURL":"http://prometheus.example:9090/graph"}',
    number, number, starts_at, ends_at
  )
end

local requests, turn = {}, 0

function init()
  local headers = { ["Content-Type"] = "application/json" }
  for first = 0, math.max(distinct, per_request) - 1, per_request do
    local alerts = {}
    for number = first, first + per_request - 1 do
      alerts[#alerts + 1] = alert(number % distinct)
    end
    requests[#requests + 1] = wrk.format("POST", nil, headers, "[" .. table.concat(alerts, ",") .. "]")
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"refused":%d,"broken":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
