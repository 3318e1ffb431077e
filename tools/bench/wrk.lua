-- A script for wrk. With arguments (first number, body), each request is the sign-up of
-- a different person. The person's number determines the IP address, and the texts that
-- replace {email} and {word} in the body, as in people.py. Prints JSON at the end.

local number, template

function word(value)
  return (tostring(value):gsub("%d", function(digit)
    return string.char(97 + tonumber(digit))
  end))
end

function email(value)
  local domain = value % 3 == 0 and word(value) .. ".example" or "mail.example"
  return "signer-" .. word(value) .. "%40" .. domain
end

function init(arguments)
  if not arguments[1] then
    return
  end
  number, template = tonumber(arguments[1]), arguments[2]
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  request = function()
    local body = template:gsub("{email}", (email(number):gsub("%%", "%%%%")))
    body = body:gsub("{word}", word(number))
    local high, low = math.floor(number / 65536), number % 65536
    wrk.headers["X-Forwarded-For"] = string.format(
      "%d.%d.%d.7", 11 + high, math.floor(low / 256), low % 256)
    number = number + 1
    return wrk.format(nil, nil, nil, body)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON{"requests": %d, "seconds": %f, "p50": %f, "p95": %f, "p99": %f, "failed": %d, "status": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
