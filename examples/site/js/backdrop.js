/** What lies behind and around the stars of the chart: twilight, Milky Way, compass. @module */
import { milkyWay } from "./heavens.js";

/** Fills the disc with the sky's own colour; `darkness` is 0 by day and 1 at night. */
export function background(g, middle, radius, darkness, ink) {
  const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
  const zenith = darkness < 0.5
    ? mix(ink.day, ink.dusk, darkness * 2)
    : mix(ink.dusk, ink.dark, darkness * 2 - 1);
  const rim = mix(zenith, ink.day, 0.1 + 0.3 * (1 - darkness));
  const fill = g.createRadialGradient(middle, middle, radius * 0.2, middle, middle, radius);
  fill.addColorStop(0, `rgb(${zenith})`);
  fill.addColorStop(0.78, `rgb(${mix(zenith, rim, 0.35)})`);
  fill.addColorStop(1, `rgb(${rim})`);
  g.fillStyle = fill;
  g.fillRect(0, 0, 2 * middle, 2 * middle);
}

/** The Milky Way as overlapping soft spots, brightest towards Sagittarius and in Cygnus. */
export function milkyWayBand(g, at, radius, darkness, ink) {
  if (darkness < 0.7) return;
  for (let longitude = 0; longitude < 360; longitude += 3) {
    for (const latitude of [-4, 3]) {
      const wobble = 2.5 * Math.sin(longitude * 0.13) + latitude;
      const spot = at(milkyWay(longitude, wobble));
      if (spot.altitude < -12) continue;
      const near = (centre, width) => {
        const off = Math.abs(((longitude - centre + 540) % 360) - 180);
        return Math.exp(-((off / width) ** 2));
      };
      const glow = 0.016 + 0.034 * near(5, 45) + 0.026 * near(78, 26) + 0.01 * near(125, 30);
      const r = radius * (0.1 + 0.03 * Math.sin(longitude * 0.31 + latitude));
      const fill = g.createRadialGradient(spot.x, spot.y, 0, spot.x, spot.y, r);
      const strength = glow * (darkness - 0.7) / 0.3;
      fill.addColorStop(0, `rgba(${ink.milk},${strength})`);
      fill.addColorStop(1, `rgba(${ink.milk},0)`);
      g.fillStyle = fill;
      g.fillRect(spot.x - r, spot.y - r, 2 * r, 2 * r);
    }
  }
}

/** The rim, a tick for every ten degrees, and the four letters. */
export function compass(g, middle, radius, ink, font) {
  g.strokeStyle = ink.ring;
  g.lineWidth = 1.5;
  g.beginPath();
  g.arc(middle, middle, radius, 0, 2 * Math.PI);
  g.stroke();
  g.fillStyle = ink.ring;
  g.textAlign = "center";
  g.textBaseline = "middle";
  for (const [letter, degrees] of [["N", 0], ["E", 90], ["S", 180], ["W", 270]]) {
    const a = degrees * Math.PI / 180;
    const out = (middle + radius) / 2 + 1;
    g.font = font(14, 700);
    g.fillText(letter, middle - out * Math.sin(a), middle - out * Math.cos(a));
  }
  for (let degrees = 0; degrees < 360; degrees += 10) {
    if (degrees % 90 === 0) continue;
    const a = degrees * Math.PI / 180;
    const long = degrees % 30 === 0 ? 7 : 4;
    g.beginPath();
    g.moveTo(middle - radius * Math.sin(a), middle - radius * Math.cos(a));
    g.lineTo(middle - (radius + long) * Math.sin(a), middle - (radius + long) * Math.cos(a));
    g.stroke();
  }
  g.textAlign = "left";
  g.textBaseline = "alphabetic";
}
