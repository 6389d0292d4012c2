/**
 * The page "Tonight": fetches the star catalogue, draws the chart, and lists in words what is up.
 *
 * The evening comes from the query (`?date=2026-11-13&time=21:00`), so a chart can be linked to.
 *
 * @module
 */
import { dayOf, fromWallClock, moonWords, noonBefore, timeOf, wallClock } from "./almanac.js";
import { drawSky, inks } from "./chart.js";
import { horizontal, sun } from "./heavens.js";

const byId = (id) => document.getElementById(id);
const canvas = byId("sky");
const hours = byId("hours");
const play = byId("play");
const torch = byId("torch");
const pointed = byId("pointed");

let moment = wishedMoment();
let marks = [];
let playing = 0;

byId("moment").textContent = "Fetching the stars";

const catalogue = await loadCatalogue();
if (catalogue) {
  // Canvas text does not wait for web fonts by itself.
  await document.fonts?.load('13px "Alegreya Sans"').catch(() => {});
  const { date, time } = wallClock(moment);
  byId("date").value = date;
  byId("time").value = time;
  hours.value = String((moment - noonBefore(moment)) / 60_000);
  hours.addEventListener("input", () => show(hours.valueAsNumber));
  play.addEventListener("click", () => playing ? stop() : start());
  torch.addEventListener("click", () => {
    const on = document.documentElement.classList.toggle("torch");
    torch.setAttribute("aria-pressed", String(on));
    draw();
  });
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  new ResizeObserver(draw).observe(canvas);
  byId("controls").hidden = false;
  draw();
}

// Now, or ten in the evening when now is not dark.
function wishedMoment() {
  const query = new URLSearchParams(location.search);
  const now = new Date();
  const today = wallClock(now);
  if (query.has("date") || query.has("time")) {
    const wished = fromWallClock(query.get("date") || today.date, query.get("time") || "22:00");
    if (!Number.isNaN(wished.getTime())) return wished;
  }
  return horizontal(sun(now), now).altitude < -6 ? now : fromWallClock(today.date, "22:00");
}

async function loadCatalogue() {
  try {
    const answer = await fetch(new URL("../data/stars.json", import.meta.url));
    if (!answer.ok) throw new Error(`the catalogue answered ${answer.status}`);
    return await answer.json();
  } catch (error) {
    byId("moment").textContent = `The star catalogue did not arrive (${error.message}).`;
    return undefined;
  }
}

function show(minutes) {
  moment = new Date(noonBefore(moment).getTime() + minutes * 60_000);
  draw();
}

function start() {
  play.textContent = "Stop";
  let last = performance.now();
  const step = (now) => {
    // A night passes in twenty seconds.
    const minutes = hours.valueAsNumber +
      (now - last) * (Number(hours.max) - Number(hours.min)) / 20_000;
    last = now;
    hours.step = "any";
    hours.value = String(minutes > Number(hours.max) ? hours.min : minutes);
    show(hours.valueAsNumber);
    playing = requestAnimationFrame(step);
  };
  playing = requestAnimationFrame(step);
}

function stop() {
  cancelAnimationFrame(playing);
  playing = 0;
  hours.step = "5";
  play.textContent = "Let the night pass";
}

function draw() {
  if (!catalogue) return;
  const red = document.documentElement.classList.contains("torch");
  marks = drawSky(canvas, catalogue, moment, red ? inks.torch : inks.night);
  byId("moment").textContent = `${dayOf(moment)}, ${timeOf(moment)}`;
  hours.setAttribute("aria-valuetext", timeOf(moment));
  const up = marks.filter(({ altitude }) => altitude > 5);
  const wanderers = ["Mercury", "Venus", "Mars", "Jupiter", "Saturn", "the Moon"];
  const lines = up.filter(({ name }) => wanderers.includes(name)).map((mark) =>
    mark.name === "the Moon"
      ? `The Moon (${moonWords(moment)}) ${whereIs(mark)}`
      : `${mark.name} ${whereIs(mark)}`
  );
  const stars = up.filter(({ name }) => !wanderers.includes(name) && name !== "the Sun").slice(
    0,
    4,
  );
  lines.push(...stars.map((mark) => `${mark.name} ${whereIs(mark)}`));
  if (lines.length === 0) lines.push("Nothing but daylight, for the present");
  byId("up").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function point(event) {
  const box = canvas.getBoundingClientRect();
  const x = event.clientX - box.left;
  const y = event.clientY - box.top;
  const near = marks.map((mark) => ({ ...mark, away: Math.hypot(mark.x - x, mark.y - y) }))
    .sort((a, b) => a.away - b.away)[0];
  pointed.textContent = near && near.away < 18 ? `${near.name} ${whereIs(near)}` : "";
}

function whereIs({ altitude, azimuth }) {
  const names = [
    "north",
    "north-east",
    "east",
    "south-east",
    "south",
    "south-west",
    "west",
    "north-west",
  ];
  if (altitude > 75) return "almost overhead";
  const height = altitude > 50 ? "high" : altitude > 22 ? "half-way up" : "low";
  return `${height} in the ${names[Math.round(azimuth / 45) % 8]}`;
}
