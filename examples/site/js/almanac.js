/**
 * The evening's facts for the dome: when the Sun sets, when it is dark, what the Moon does, and
 * when the gate is open next. Times on the page are the village's, wherever the reader is.
 *
 * @module
 */
import { horizontal, moon, sun } from "./heavens.js";

const zone = "Europe/London";
const minute = 60_000;
const day = 1_440 * minute;

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone,
  hour: "2-digit",
  minute: "2-digit",
});
const calendar = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone,
  weekday: "long",
  day: "numeric",
  month: "long",
});

/** `21:40`, village time. */
export const timeOf = (date) => clock.format(date);

/** `Friday 13 November`, village time. */
export const dayOf = (date) => calendar.format(date).replace(",", "");

/** The village's wall clock as `{ date: "2026-11-13", time: "21:40" }`. */
export function wallClock(date) {
  const text = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "short",
  }).format(date);
  const [days, time] = text.split(" ");
  return { date: days, time };
}

/** The moment the village's clocks show `date` and `time`; `Invalid Date` for what is neither. */
export function fromWallClock(date, time) {
  if (!/^\d{4}-\d\d-\d\d$/.test(date) || !/^\d\d:\d\d$/.test(time)) return new Date(NaN);
  const wished = new Date(`${date}T${time}:00Z`);
  if (Number.isNaN(wished.getTime())) return wished;
  const shown = wallClock(wished);
  const ahead = new Date(`${shown.date}T${shown.time}:00Z`) - wished;
  return new Date(wished - ahead);
}

/** The noon before `date`: an observer's day runs from noon to noon, so a night has one date. */
export function noonBefore(date) {
  const noon = fromWallClock(wallClock(date).date, "12:00");
  return noon > date ? new Date(noon - day) : noon;
}

/** When the Sun sinks below `altitude` degrees in the night of `date`; undefined if it does not. */
export function sunBelow(altitude, date) {
  const noon = noonBefore(date).getTime();
  for (let at = noon; at < noon + day; at += minute) {
    const moment = new Date(at);
    if (horizontal(sun(moment), moment).altitude < altitude) return moment;
  }
  return undefined;
}

/** `a waxing crescent, 12 % lit`. */
export function moonWords(date) {
  const { elongation, lit } = moon(date);
  const names = [
    "new",
    "a waxing crescent",
    "at first quarter",
    "waxing, past the half",
    "full",
    "waning, past the half",
    "at last quarter",
    "a waning crescent",
  ];
  return `${names[Math.round(elongation / 45) % 8]}, ${Math.round(lit * 100)}\u00a0% lit`;
}

/** The next open night: from September to April, the Friday nearest to the new moon, at 20:00. */
export function nextOpenNight(date) {
  for (let ahead = 0; ahead < 240; ahead++) {
    const night = fromWallClock(wallClock(new Date(date.getTime() + ahead * day)).date, "20:00");
    const month = Number(wallClock(night).date.slice(5, 7));
    if (month > 4 && month < 9) continue;
    if (!dayOf(night).startsWith("Friday") || night.getTime() + 180 * minute < date) continue;
    // Of all Fridays the nearest has the new moon within three and a half days: 12.2 degrees each.
    const { elongation } = moon(night);
    if (Math.min(elongation, 360 - elongation) <= 3.5 * 12.2) return night;
  }
  return undefined;
}
