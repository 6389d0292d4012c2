/** Hands metrics and spans to Deno's own OpenTelemetry exporter, where `OTEL_DENO=true` has switched it on. @module */

import type { FinishedRequest, Redactor } from "../store/mod.ts";
import type { Family, Labels } from "./exposition.ts";

// What is used of `@opentelemetry/api`, which Deno leaves as a global where the exporter runs: no package is needed.

type Attributes = Readonly<Record<string, string | number>>;

interface Instrument {
  readonly isInstrument?: never;
}

interface Observer {
  observe(instrument: Instrument, value: number, attributes?: Attributes): void;
}

interface Described {
  readonly unit?: string;
  readonly description?: string;
}

interface Meter {
  createHistogram(name: string, options: Described): {
    record(value: number, attributes: Attributes): void;
  };
  createObservableCounter(name: string, options: Described): Instrument;
  createObservableGauge(name: string, options: Described): Instrument;
  addBatchObservableCallback(read: (to: Observer) => void, of: readonly Instrument[]): void;
  removeBatchObservableCallback(read: (to: Observer) => void, of: readonly Instrument[]): void;
}

interface Tracer {
  startSpan(name: string, options: {
    readonly kind: number;
    readonly startTime: number;
    readonly attributes: Attributes;
  }): { setStatus(status: { code: number }): void; end(time: number): void };
}

interface OpenTelemetry {
  /** Each is missing where it was switched off by itself. */
  readonly metrics?: { getMeter(name: string, version: string): Meter };
  readonly trace?: { getTracer(name: string, version: string): Tracer };
}

const SERVER_SPAN = 1;
const ERROR_STATUS = 2;
const UNITS = { seconds: "s", bytes: "By" } as const;

/** The exporter's view of a relay. It reads the metrics as often as the exporter asks, and makes a span a request. */
export class Telemetry implements Disposable {
  readonly #meter: Meter | undefined;
  readonly #tracer: Tracer | undefined;
  readonly #durations: ReturnType<Meter["createHistogram"]> | undefined;
  readonly #instruments = new Map<string, Instrument>();
  readonly #read: (to: Observer) => void;
  readonly #families: () => Family[];
  readonly #redact: Redactor;

  private constructor(
    api: OpenTelemetry,
    version: string,
    families: () => Family[],
    redact: Redactor,
  ) {
    this.#redact = redact;
    const meter = this.#meter = api.metrics?.getMeter("crunch", version);
    this.#tracer = api.trace?.getTracer("crunch", version);
    this.#families = families;
    this.#read = (to) => this.#observe(to);
    if (meter === undefined) return;
    this.#durations = meter.createHistogram("crunch.request_duration", {
      unit: "s",
      description: "From a request's head to the last byte of its answer.",
    });
    for (const family of families()) this.#declare(family, meter);
    meter.addBatchObservableCallback(this.#read, [...this.#instruments.values()]);
  }

  /** Starts to tell of `families`; null, and nothing was done, where the exporter is off. */
  static start(
    software: string,
    families: () => Family[],
    { redact }: { readonly redact: Redactor },
  ): Telemetry | null {
    const api = (globalThis as { [key: symbol]: unknown })[Symbol.for("opentelemetry.js.api.1")];
    if (api === undefined) return null;
    return new Telemetry(api as OpenTelemetry, software.replace(/^crunch\//, ""), families, redact);
  }

  /** Tells of one request. */
  measure(request: FinishedRequest): void {
    const { method, status, name, ended, ms } = request;
    this.#durations?.record(ms / 1000, {
      "http.request.method": method,
      "http.response.status_code": status,
    });
    if (this.#tracer === undefined) return;
    const target = this.#redact(request.target);
    const question = target.indexOf("?");
    const span = this.#tracer.startSpan(`${method} ${name}`, {
      kind: SERVER_SPAN,
      startTime: ended - ms,
      attributes: {
        "http.request.method": method,
        "http.response.status_code": status,
        "http.request.body.size": request.bytesIn,
        "http.response.body.size": request.bytesOut,
        "url.path": question < 0 ? target : target.slice(0, question),
        ...(question < 0 ? {} : { "url.query": target.slice(question + 1) }),
        "client.address": request.visitor,
        "crunch.name": name,
        "crunch.agent": request.agent,
        "crunch.request_id": request.id,
      },
    });
    if (status === 0 || status >= 500) span.setStatus({ code: ERROR_STATUS });
    span.end(ended);
  }

  #declare({ name, type, unit, help: description }: Family, meter: Meter): void {
    if (type === "histogram") return; // what has gone by cannot be observed: `measure` tells of each
    const options = { description, ...(unit === undefined ? {} : { unit: UNITS[unit] }) };
    const instrument = type === "counter"
      ? meter.createObservableCounter(nameOf(name, unit), options)
      : meter.createObservableGauge(nameOf(name, unit), options);
    this.#instruments.set(name, instrument);
  }

  #observe(to: Observer): void {
    for (const family of this.#families()) {
      const instrument = this.#instruments.get(family.name);
      if (instrument === undefined || family.type === "histogram") continue;
      const samples: readonly { labels?: Labels; value: number }[] = family.type === "info"
        ? [{ labels: family.labels, value: 1 }]
        : family.samples;
      for (const { labels = {}, value } of samples) to.observe(instrument, value, labels);
    }
  }

  [Symbol.dispose](): void {
    this.#meter?.removeBatchObservableCallback(this.#read, [...this.#instruments.values()]);
  }
}

/** `crunch_sent_bytes` is `crunch.sent` there, of which a collector makes the same for Prometheus again. */
function nameOf(name: string, unit: string | undefined): string {
  return name.replace(unit === undefined ? /$/ : `_${unit}`, "").replace("_", ".");
}
