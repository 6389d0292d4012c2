/** A collector that takes OTLP over HTTP as JSON and keeps what Deno's exporter sends. @module */

// deno-lint-ignore no-explicit-any -- OTLP as it comes
type Json = any;

/** A value of a metric with its attributes. */
export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
}

export class OtlpCollector implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #metrics = new Map<string, Json>();
  readonly spans: { name: string; attributes: Record<string, unknown>; span: Json }[] = [];
  readonly logs: { severity: string; body: string }[] = [];

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        this.#take(await request.json());
        return Response.json({});
      },
    );
  }

  /** What makes a program send to it. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "replace",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BLRP_SCHEDULE_DELAY: "100",
    };
  }

  /** The last values of a metric. */
  points(name: string): Point[] {
    const metric = this.#metrics.get(name);
    const points: Json[] = (metric?.sum ?? metric?.gauge ?? metric?.histogram)?.dataPoints ?? [];
    return points.map((point) => ({
      attributes: attributesOf(point.attributes),
      value: Number(point.asInt ?? point.asDouble ?? point.count),
    }));
  }

  /** A metric as it came last. */
  metric(name: string): Json {
    return this.#metrics.get(name);
  }

  #take(body: Json): void {
    for (const { scopeMetrics = [] } of body.resourceMetrics ?? []) {
      for (const { metrics } of scopeMetrics) {
        for (const metric of metrics) this.#metrics.set(metric.name, metric);
      }
    }
    for (const { scopeSpans = [] } of body.resourceSpans ?? []) {
      for (const { spans } of scopeSpans) {
        for (const span of spans) {
          this.spans.push({ name: span.name, attributes: attributesOf(span.attributes), span });
        }
      }
    }
    for (const { scopeLogs = [] } of body.resourceLogs ?? []) {
      for (const { logRecords } of scopeLogs) {
        for (const { severityText, body: { stringValue } } of logRecords) {
          this.logs.push({ severity: severityText, body: stringValue });
        }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function attributesOf(list: Json[] = []): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}
