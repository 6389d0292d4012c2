/** Numbers, sizes, durations and times as people read them. @module */
// @ts-check

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

const SIZES = ["B", "KB", "MB", "GB", "TB", "PB"];

/** 1234567 → "1,234,567". @param {number} value */
export function number(value) {
  return whole.format(value);
}

/** 1234567 → "1.2 M": for where there is little room. @param {number} value */
export function short(value) {
  if (value < 10_000) return number(Math.round(value));
  return value < 1e6 ? `${digits(value / 1e3)} k` : `${digits(value / 1e6)} M`;
}

/** 1234567 → "1.2 MB"; steps of 1000. @param {number} value */
export function bytes(value) {
  let step = 0;
  while (value >= 999.5 && step < SIZES.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step === 0 ? value : digits(value)} ${SIZES[step]}`;
}

/** 0.4 → "0.4 ms", 1234 → "1.23 s", 90000 → "1 min 30 s". @param {number} ms */
export function duration(ms) {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 10) / 100} s`;
  const seconds = Math.floor(ms / 1_000);
  /** @type {[number, string][]} */
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts.slice(first, first + 2).filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** "2026-11-21T10:00:00Z" → "11:00:00", with the day where it is another one. @param {string | number} time */
export function timeOf(time) {
  const date = new Date(time);
  // An address may say anything.
  if (Number.isNaN(date.getTime())) return String(time);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

/** "Nov 21, 10:00", the day always. @param {string | number} time */
export function dateOf(time) {
  return `${day.format(new Date(time))}, ${clock.format(new Date(time)).slice(0, 5)}`;
}

/** The whole of it, with the zone. @param {string | number} time */
export function fullTime(time) {
  return full.format(new Date(time));
}

/** "3 min ago", "in 2 h". @param {string | number} time @param {number} now */
export function ago(time, now) {
  const ms = now - new Date(time).getTime();
  const span = Math.abs(ms);
  if (span < 5_000) return "just now";
  const text = duration(Math.floor(span / 1_000) * 1_000).split(" ").slice(0, 2).join(" ");
  return ms > 0 ? `${text} ago` : `in ${text}`;
}

/** A long text with its middle left out. @param {string} text @param {number} most */
export function shorten(text, most) {
  if (text.length <= most) return text;
  const tail = Math.floor((most - 1) * 0.4);
  return `${text.slice(0, most - 1 - tail)}…${text.slice(-tail)}`;
}

/** "1 agent", "2 agents". @param {number} count @param {string} one @param {string} [several] */
export function counted(count, one, several = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : several}`;
}

/** @param {number} value */
function digits(value) {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}
