-- Prints what wrk measured as one line of JSON. No request or response hook: either costs wrk a call per answer.
done = function(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    'json {"requests":%d,"seconds":%.6f,"bytes":%d,"p50":%.4f,"p99":%.4f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status, e.connect + e.read + e.write + e.timeout))
end
