/** Claims about OpenTelemetry: what reaches a collector by Deno's exporter, and that nothing does unless asked. @module */

import assert from "node:assert/strict";
import { Household } from "../support/crunch.ts";
import { eventually } from "../support/deadline.ts";
import { OtlpCollector } from "../support/otlp_collector.ts";
import { ask } from "../support/visitor.ts";

Deno.test("telemetry: metrics, a span for each request and the log reach a collector", async () => {
  await using collector = new OtlpCollector();
  await using household = new Household();
  household.write("site/a.txt", "hello");
  const relay = await household.relay(["--dir", household.path("site")], {
    command: "both",
    env: collector.env,
  });
  assert.equal((await ask(relay.http, "/local/a.txt?token=secret")).status, 200);
  assert.equal((await ask(relay.http, "/local/none")).status, 404);
  const requests = (status: string): number | undefined =>
    collector.points("crunch.requests").find(({ attributes }) => attributes.status === status)
      ?.value;
  await eventually(() => requests("2xx") === 1 && requests("4xx") === 1, {
    what: "the requests' metrics",
  });
  const sent = collector.metric("crunch.sent");
  assert.deepEqual([sent.unit, sent.sum.isMonotonic], ["By", true]);
  assert.deepEqual(collector.points("crunch.agents").map(({ value }) => value), [1]);
  await eventually(() => collector.points("crunch.request_duration").length === 2, {
    what: "the histogram",
  });
  const span = await eventually(
    () => collector.spans.find(({ attributes }) => attributes["http.response.status_code"] == 200),
    { what: "the request's span" },
  );
  assert.equal(span.name, "GET local");
  assert.equal(span.attributes["crunch.name"], "local");
  assert.equal(span.attributes["url.path"], "/local/a.txt");
  assert.match(String(span.attributes["url.query"]), /^token=(?!secret)/);
  const took = BigInt(span.span.endTimeUnixNano) - BigInt(span.span.startTimeUnixNano);
  assert.ok(took > 0n && took < 5_000_000_000n, String(took));
  const line = await eventually(
    () => collector.logs.find(({ body }) => body.includes("agent connected")),
    { what: "the log's line" },
  );
  assert.equal(line.severity, "INFO");
  assert.equal(JSON.parse(line.body).message, "agent connected");
  // People read the same as ever.
  assert.match(relay.process.stderr, /info +agent connected/);
  assert.doesNotMatch(relay.process.stdout, /agent connected/);
});

Deno.test("telemetry: metrics and spans can be switched off one by one", async () => {
  await using collector = new OtlpCollector();
  await using household = new Household();
  const env = { ...collector.env, OTEL_DENO_TRACING: "false" };
  const relay = await household.relay([], { env });
  assert.equal((await ask(relay.http, "/local/")).status, 503);
  await eventually(() => collector.points("crunch.request_duration").length > 0);
  assert.deepEqual(collector.spans, []);
  const other = await household.relay([], {
    data: household.path("other"),
    env: { ...collector.env, OTEL_DENO_METRICS: "false" },
  });
  assert.equal((await ask(other.http, "/local/")).status, 503);
  await eventually(() => collector.spans.length > 0);
});

Deno.test("telemetry: without OTEL_DENO nothing is sent", async () => {
  await using collector = new OtlpCollector();
  await using household = new Household();
  const { OTEL_DENO: _, ...env } = collector.env;
  const relay = await household.relay([], { env });
  assert.equal((await ask(relay.http, "/local/")).status, 503);
  relay.process.kill("SIGTERM");
  await relay.process.exit;
  assert.deepEqual([collector.spans, collector.logs, collector.points("crunch.agents")], [
    [],
    [],
    [],
  ]);
});
