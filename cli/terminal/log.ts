/** The program's own log: one line an event on stderr, as text for people or JSON for machines. @module */

import { escaped, printable, printableJson } from "./printed.ts";
import { fold, makeStyle, wrap, writeText } from "./terminal.ts";

/** From the least to the most important. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How important a line is. */
export type LogLevel = typeof LOG_LEVELS[number];

/**
 * What a line tells besides its message. Undefined ones are left out; errors show their message and causes.
 * `advice`, a text of ours, says what to do: on a terminal below the message, else behind it. Its lines that begin with
 * two spaces are there to be typed.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the parts of the program write what happened. Never throws. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with these fields on every line. */
  with(fields: LogFields): Log;
}

/** How a log is made. */
export interface LogOptions {
  readonly format?: "text" | "json";
  readonly level?: LogLevel;
  readonly colour?: boolean;
  /** Columns that text is to fit into; asked for each line. Without end by default: one line an event. */
  readonly width?: () => number;
  /** Takes each line with its line break; standard error by default. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
  /** Takes each line as JSON besides, without its line break. */
  readonly also?: ((level: LogLevel, line: string) => void) | undefined;
}

/** A value longer than this is cut: what a visitor sent must not fill the log. */
const LONGEST = 2000;

function writeToStderr(line: string): void {
  try {
    writeText(Deno.stderr, line);
  } catch {
    // The reader is gone, or the pipe is full: a log must not end or stop the program.
  }
}

function errorText(error: Error): string {
  let text = error.message;
  let cause = error.cause;
  for (let depth = 0; cause instanceof Error && depth < 4; depth++, cause = cause.cause) {
    if (cause.message !== "" && !text.includes(cause.message)) text += `: ${cause.message}`;
  }
  return text;
}

/** A field's value as it goes into JSON. */
function plain(value: unknown): unknown {
  const shown = value instanceof Error
    ? errorText(value)
    : value instanceof URL
    ? value.href
    : typeof value === "bigint" || typeof value === "symbol" || typeof value === "function"
    ? String(value)
    : value;
  return typeof shown === "string" && shown.length > LONGEST
    ? `${shown.slice(0, LONGEST)}…`
    : shown;
}

function textValue(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === "string" ? value : JSON.stringify(value);
  } catch {
    // Circular, or a toJSON that throws.
  }
  text ??= String(value);
  // Quoted where a reader could not see its end, or a terminal would act on it.
  return /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text) ? text : escaped(JSON.stringify(text));
}

/** Advice on one line. */
function adviceText(advice: unknown, before = ""): string {
  return typeof advice === "string" ? before + advice.replace(/\s*\n\s*/g, " ") : "";
}

function jsonLine(
  time: string,
  level: LogLevel,
  message: string,
  { advice, ...fields }: LogFields,
): string {
  const record: Record<string, unknown> = { time, level, message };
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && !Object.hasOwn(record, key)) record[key] = plain(value);
  }
  if (advice !== undefined) record.advice = adviceText(advice);
  try {
    return `${printableJson(record)}\n`;
  } catch (error) {
    return `${printableJson({ time, level, message, unprintable: String(error) })}\n`;
  }
}

/** A log that can be told to look otherwise while it is in use; those made by `with` follow. */
export interface AdjustableLog extends Log {
  adjust(options: Pick<LogOptions, "format" | "level">): void;
}

/** Makes a log. Lines below its level cost one comparison. */
export function createLog(options: LogOptions = {}): AdjustableLog {
  const { colour = false, write = writeToStderr, width = () => Infinity, also } = options;
  const now = options.now ?? (() => new Date());
  const style = makeStyle(colour);
  const paint = { debug: style.dim, info: style.green, warn: style.yellow, error: style.red };

  const textLine = (
    time: string,
    level: LogLevel,
    message: string,
    { advice, ...fields }: LogFields,
  ): string => {
    const columns = width();
    const details = Object.entries(fields).filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${style.dim(`${key}=`)}${textValue(plain(value))}`).join("");
    const shown = printable(message, " ");
    const head = `${style.dim(time)} ${paint[level](level.padEnd(5))} ${shown}`;
    if (columns === Infinity) return `${head}${adviceText(advice, "; ")}${details}\n`;
    const below = typeof advice === "string" ? fold(advice, columns - 2) : [];
    return [...wrap(`${head}${details}`, columns - 2), ...below].join("\n  ") + "\n";
  };
  let least = 0;
  let line = textLine;
  const adjust = ({ format = "text", level = "info" }: LogOptions): void => {
    least = LOG_LEVELS.indexOf(level);
    line = format === "json" ? jsonLine : textLine;
  };
  adjust(options);

  const withFields = (base: LogFields): Log => {
    const at = (name: LogLevel) => (message: string, fields?: LogFields) => {
      if (LOG_LEVELS.indexOf(name) < least) return;
      const time = now().toISOString();
      write(line(time, name, message, { ...base, ...fields }));
      also?.(name, jsonLine(time, name, message, { ...base, ...fields }).trimEnd());
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      with: (fields) => withFields({ ...base, ...fields }),
    };
  };
  return { ...withFields({}), adjust };
}

/**
 * What hands lines to Deno's OpenTelemetry exporter, which takes them from the console: undefined unless that exports
 * and does not print, as it would print on standard output and a second time on standard error.
 */
export function telemetryConsole(
  env: Readonly<Record<string, string>>,
): LogOptions["also"] {
  if (env.OTEL_DENO !== "true" || env.OTEL_DENO_CONSOLE !== "replace") return undefined;
  return (level, line) => console[level](line);
}

/** A log that says nothing, for embedding and tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
};
