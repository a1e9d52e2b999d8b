-- wrk's script: reads of many users in turn. Arguments behind `--`: status or list, users, bots.
local what, users, bots
local requests = {}

function init(arguments)
    what, users, bots = arguments[1], tonumber(arguments[2]), tonumber(arguments[3])
    for user = 1, users do
        local headers = { ["Authorization"] = "Bearer hat_bench" .. user }
        for place = 1, bots do
            local path = "/api/bots"
            if what == "status" then
                local id = string.format("01890000-0000-7003-8000-%012x", (user - 1) * bots + place)
                path = "/api/deploy/" .. id .. "/status"
            end
            requests[#requests + 1] = wrk.format("GET", path, headers)
        end
    end
    -- Neighbours in time are strangers to each other.
    math.randomseed(4711)
    for i = #requests, 2, -1 do
        local other = math.random(i)
        requests[i], requests[other] = requests[other], requests[i]
    end
end

local next_one = 0
function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "errors": %d}\n', summary.requests,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
