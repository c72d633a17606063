-- wrk: sends what the environment says, and reports in one line that a program can read.
wrk.method = os.getenv("BENCH_METHOD") or "GET"
wrk.headers["X-Vault-Key"] = os.getenv("BENCH_KEY")
wrk.headers["Authorization"] = os.getenv("BENCH_LOAD_AUTHORIZATION")
local file = os.getenv("BENCH_BODY_FILE")
if file then
  wrk.body = io.open(file, "rb"):read("*a")
  wrk.headers["Content-Type"] = "application/json"
end

-- With BENCH_PATHS the requests take turns over that many named credentials: @ in the path is the number.
local count = tonumber(os.getenv("BENCH_PATHS") or "0")
local requests, turn = {}, 0
if count > 0 then
  local step = tonumber(os.getenv("BENCH_PATH_STEP") or "1")
  function init()
    for i = 1, count do
      requests[i] = wrk.format(nil, (wrk.path:gsub("@", tostring((i - 1) * step))))
    end
  end
  function request()
    turn = turn % count + 1
    return requests[turn]
  end
end

function done(summary, latency)
  io.write(string.format("BENCH %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
