/** Claims about metrics as text: what is escaped, what is summed up, and which form is asked for. @module */

import assert from "node:assert/strict";
import { exposition, type Family, formatFor } from "../../../relay/metrics/exposition.ts";
import { readOpenMetrics } from "./open_metrics.ts";

const hostile = ['a"b', "a\\b", "a\nb", '"} 1\nevil_total 5\n# EOF\n', "\\n", "{}=,", "größe", ""];

Deno.test("exposition: no label's value can end its line or its quotes", () => {
  const samples = hostile.map((name, value) => ({ labels: { name }, value }));
  const family: Family = { name: "x", type: "gauge", help: 'Back\\slash, "quote"\nline.', samples };
  const read = readOpenMetrics(exposition([family], "openmetrics"));
  assert.deepEqual(read.get("x")?.samples.map(({ labels }) => labels.name), hostile);
  assert.equal(read.get("x")?.help, family.help);
  assert.equal(read.size, 1);
});

Deno.test("exposition: OpenMetrics names the unit, the total and the end", () => {
  const bytes: Family = {
    name: "sent_bytes",
    type: "counter",
    unit: "bytes",
    help: "Sent.",
    samples: [{ value: 7 }],
  };
  const info: Family = { name: "build", type: "info", help: "What.", labels: { version: "1" } };
  assert.equal(
    exposition([bytes, info], "openmetrics"),
    "# TYPE sent_bytes counter\n# UNIT sent_bytes bytes\n# HELP sent_bytes Sent.\nsent_bytes_total 7\n" +
      '# TYPE build info\n# HELP build What.\nbuild_info{version="1"} 1\n# EOF\n',
  );
  assert.equal(
    exposition([bytes, info], "classic"),
    "# TYPE sent_bytes_total counter\n# HELP sent_bytes_total Sent.\nsent_bytes_total 7\n" +
      '# TYPE build_info gauge\n# HELP build_info What.\nbuild_info{version="1"} 1\n',
  );
});

Deno.test("exposition: a histogram's buckets hold all below their bound", () => {
  const family: Family = {
    name: "wait_seconds",
    type: "histogram",
    unit: "seconds",
    help: "Wait.",
    histograms: [{ bounds: [0.5, 2], counts: [3, 0, 4], sum: 9.5 }],
  };
  const read = readOpenMetrics(exposition([family], "openmetrics")).get("wait_seconds")!;
  assert.deepEqual(read.samples.map(({ labels, value }) => [labels.le, value]), [
    ["0.5", 3],
    ["2.0", 3],
    ["+Inf", 7],
    [undefined, 7],
    [undefined, 9.5],
  ]);
});

Deno.test("exposition: the older form is for who wants plain text more", () => {
  const prometheus = "application/openmetrics-text;version=1.0.0;q=0.5," +
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
  for (const accept of ["", "*/*", prometheus, "text/html, */*;q=0.8", "text/plain;q=0"]) {
    assert.equal(formatFor(accept), "openmetrics", accept);
  }
  const old = "text/plain;version=0.0.4;q=1,*/*;q=0.1";
  for (
    const accept of [
      "text/plain",
      old,
      "TEXT/PLAIN",
      "text/plain, application/openmetrics-text; q=0.9",
    ]
  ) {
    assert.equal(formatFor(accept), "classic", accept);
  }
});
