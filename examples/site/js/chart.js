/**
 * Draws the whole sky on a canvas, as it looks lying on one's back with the feet to the south:
 * north at the top, east at the left, the zenith in the middle.
 *
 * @module
 */
import { background, compass, milkyWayBand } from "./backdrop.js";
import { horizontal, moon, planets, sun, towards } from "./heavens.js";
import { Labels } from "./labels.js";

/** Colours of the two ways to print the sky; `torch` keeps eyes used to the dark. */
export const inks = {
  night: {
    day: [74, 122, 170],
    dusk: [30, 52, 96],
    dark: [9, 15, 32],
    star: undefined, // each its own
    line: "rgba(140,170,215,.34)",
    name: "rgba(160,188,225,.72)",
    label: "#f2ead9",
    ring: "#8fa6c4",
    milk: "150,175,225",
    ground: "#050a12",
  },
  torch: {
    day: [70, 8, 4],
    dusk: [40, 3, 2],
    dark: [16, 1, 1],
    star: "#ff6a55",
    line: "rgba(255,70,50,.30)",
    name: "rgba(255,84,64,.62)",
    label: "#ff8a76",
    ring: "#c33a2a",
    milk: "255,70,50",
    ground: "#070000",
  },
};

/**
 * Draws the sky of `catalogue` at `date` and returns what can be pointed at:
 * `[{ x, y, name, altitude, azimuth }]` with x and y in CSS pixels.
 */
export function drawSky(canvas, catalogue, date, ink = inks.night) {
  const size = canvas.clientWidth;
  const density = Math.min(globalThis.devicePixelRatio || 1, 3);
  if (canvas.width !== Math.round(size * density)) {
    canvas.width = canvas.height = Math.round(size * density);
  }
  const g = canvas.getContext("2d");
  g.setTransform(density, 0, 0, density, 0, 0);
  g.clearRect(0, 0, size, size);
  const middle = size / 2;
  const radius = middle - Math.max(16, size * 0.034);
  const font = (px, weight = 400) => `${weight} ${px}px "Alegreya Sans", sans-serif`;
  const labels = new Labels(g, { x: middle, y: middle, radius });

  // Azimuthal equidistant: the distance from the middle is the distance from the zenith.
  const at = (body) => {
    const { altitude, azimuth } = horizontal(body, date);
    const r = radius * (90 - altitude) / 90;
    const a = azimuth * Math.PI / 180;
    return { x: middle - r * Math.sin(a), y: middle - r * Math.cos(a), altitude, azimuth };
  };

  const theSun = sun(date);
  const height = horizontal(theSun, date).altitude;
  const darkness = Math.min(Math.max((-height - 1) / 16, 0), 1);

  g.save();
  g.beginPath();
  g.arc(middle, middle, radius, 0, 2 * Math.PI);
  g.clip();
  background(g, middle, radius, darkness, ink);
  milkyWayBand(g, at, radius, darkness, ink);
  if (darkness > 0.15) figures(g, at, catalogue, ink);

  const marks = [];
  for (const [ra, dec, magnitude, blueness, name] of catalogue.stars) {
    const spot = at({ ra, dec });
    if (spot.altitude < 0 || magnitude > -2 + 7.4 * darkness) continue;
    const r = size / 560 * Math.max(0.5, 2.75 - 0.48 * magnitude);
    g.globalAlpha = Math.min(1, 1.25 - magnitude * 0.16);
    g.fillStyle = ink.star ?? starColour(blueness);
    g.beginPath();
    g.arc(spot.x, spot.y, r, 0, 2 * Math.PI);
    g.fill();
    if (!name) continue;
    marks.push({ ...spot, name });
    if (magnitude < (size > 480 ? 1.4 : 1) || name === "Polaris") {
      labels.add(name, { ...spot, beside: r + 3, font: font(13), colour: ink.label });
    }
  }
  g.globalAlpha = 1;

  for (const planet of planets(date)) {
    const spot = at(planet);
    if (spot.altitude < 0 || darkness < 0.1) continue;
    const r = size / 560 * 4;
    g.fillStyle = ink.star ?? planet.colour;
    g.beginPath();
    g.arc(spot.x, spot.y, r, 0, 2 * Math.PI);
    g.fill();
    labels.add(planet.name, {
      ...spot,
      beside: r + 4,
      font: font(15, 700),
      colour: ink.label,
      first: true,
    });
    marks.push({ ...spot, name: planet.name });
  }

  const theMoon = moon(date);
  const moonSpot = at(theMoon);
  if (moonSpot.altitude > -1) {
    const r = Math.max(8, size / 54);
    disc(g, moonSpot, at(towards(theMoon, theSun)), theMoon, r, ink);
    labels.keepFree(moonSpot, r);
    marks.push({ ...moonSpot, name: "the Moon" });
  }
  if (height > -1) {
    const spot = at(theSun);
    g.fillStyle = ink.star ?? "#fff3c4";
    g.beginPath();
    g.arc(spot.x, spot.y, size / 45, 0, 2 * Math.PI);
    g.fill();
    marks.push({ ...spot, name: "the Sun" });
  }
  if (darkness > 0.15) {
    for (const { name, rank, at: [ra, dec] } of catalogue.constellations) {
      if (rank > (size > 560 ? 2 : 1)) continue;
      labels.add(name.toUpperCase(), {
        ...at({ ra, dec }),
        font: font(size > 480 ? 11.5 : 10),
        colour: ink.name,
      });
    }
  }
  labels.draw();
  g.restore();
  compass(g, middle, radius, ink, font);
  return marks;
}

function figures(g, at, catalogue, ink) {
  g.lineWidth = 1;
  g.strokeStyle = ink.line;
  for (const { paths } of catalogue.constellations) {
    g.beginPath();
    for (const path of paths) {
      path.forEach(([ra, dec], i) => {
        const spot = at({ ra, dec });
        if (i === 0) g.moveTo(spot.x, spot.y);
        else g.lineTo(spot.x, spot.y);
      });
    }
    g.stroke();
  }
}

// The lit limb faces the Sun; the terminator is half an ellipse.
function disc(g, spot, sunSpot, { elongation, lit }, r, ink) {
  g.save();
  g.translate(spot.x, spot.y);
  g.rotate(Math.atan2(sunSpot.y - spot.y, sunSpot.x - spot.x));
  const full = Math.abs(180 - elongation) < 4;
  g.fillStyle = ink.star ? "#4a0f08" : "#2b3547";
  g.beginPath();
  g.arc(0, 0, r, 0, 2 * Math.PI);
  g.fill();
  g.fillStyle = ink.star ?? "#fdf8e8";
  g.beginPath();
  if (full) g.arc(0, 0, r, 0, 2 * Math.PI);
  else {
    g.arc(0, 0, r, -Math.PI / 2, Math.PI / 2);
    g.ellipse(0, 0, r * Math.abs(1 - 2 * lit), r, 0, Math.PI / 2, -Math.PI / 2, lit < 0.5);
  }
  g.fill();
  g.restore();
}

// From blue-white (B-V about -0.3) to orange (about 1.7), washed out as the eye sees it.
function starColour(blueness) {
  const t = Math.min(Math.max((blueness + 0.3) / 2, 0), 1);
  const steps = [[178, 203, 255], [226, 234, 255], [255, 250, 240], [255, 226, 184], [
    255,
    190,
    138,
  ]];
  const place = t * (steps.length - 1);
  const low = Math.min(Math.floor(place), steps.length - 2);
  const colour = steps[low].map((v, i) => Math.round(v + (steps[low + 1][i] - v) * (place - low)));
  return `rgb(${colour})`;
}
