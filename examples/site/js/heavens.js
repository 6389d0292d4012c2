/**
 * Where the Sun, the Moon, the planets and the stars stand, well enough for the naked eye.
 *
 * Angles are degrees. Planets follow the approximate elements of E. M. Standish (JPL, valid
 * 1800 to 2050), the Moon the short series of the Astronomical Almanac. Precession since 2000 and
 * the Moon's parallax are left out, so planets are right to half a degree and the Moon to one.
 *
 * @module
 */

/** The dome on Plot 9: degrees north and degrees east. */
export const place = { latitude: 52.43, longitude: -2.86 };

const rad = Math.PI / 180;
const sin = (degrees) => Math.sin(degrees * rad);
const cos = (degrees) => Math.cos(degrees * rad);
const turn = (degrees) => ((degrees % 360) + 360) % 360;

const days = (date) => date.getTime() / 86_400_000 - 10_957.5; // since noon, 1 January 2000
const centuries = (date) => days(date) / 36_525;

/** Local sidereal time at the dome, in degrees: the right ascension that is due south. */
export function siderealTime(date) {
  return turn(280.46062 + 360.98564737 * days(date) + place.longitude);
}

/** Turns `{ ra, dec }` into `{ altitude, azimuth }`; azimuth runs from north through east. */
export function horizontal({ ra, dec }, date) {
  const hour = siderealTime(date) - ra;
  const height = sin(place.latitude) * sin(dec) + cos(place.latitude) * cos(dec) * cos(hour);
  const azimuth = Math.atan2(
    -sin(hour) * cos(dec),
    cos(place.latitude) * sin(dec) - sin(place.latitude) * cos(dec) * cos(hour),
  );
  return { altitude: Math.asin(height) / rad, azimuth: turn(azimuth / rad) };
}

/** Galactic longitude on the Milky Way's middle line to `{ ra, dec }`. */
export function milkyWay(longitude, latitude = 0) {
  const dec = Math.asin(
    sin(latitude) * sin(27.13) + cos(latitude) * cos(27.13) * cos(122.93 - longitude),
  );
  const ra = Math.atan2(
    cos(latitude) * sin(122.93 - longitude),
    sin(latitude) * cos(27.13) - cos(latitude) * sin(27.13) * cos(122.93 - longitude),
  );
  return { ra: turn(192.86 + ra / rad), dec: dec / rad };
}

/** The Sun: `{ ra, dec, longitude }`. */
export function sun(date) {
  const n = days(date);
  const anomaly = 357.528 + 0.9856003 * n;
  const longitude = 280.46 + 0.9856474 * n + 1.915 * sin(anomaly) + 0.02 * sin(2 * anomaly);
  return { ...equatorial(longitude, 0), longitude: turn(longitude) };
}

/**
 * The Moon: `{ ra, dec, elongation, lit }`. `elongation` runs from 0 (new) through 180 (full)
 * to 360; `lit` is the part of the disc in sunlight, 0 to 1.
 */
export function moon(date) {
  const t = centuries(date);
  const longitude = 218.32 + 481_267.881 * t +
    6.29 * sin(135.0 + 477_198.87 * t) - 1.27 * sin(259.3 - 413_335.36 * t) +
    0.66 * sin(235.7 + 890_534.22 * t) + 0.21 * sin(269.9 + 954_397.74 * t) -
    0.19 * sin(357.5 + 35_999.05 * t) - 0.11 * sin(186.5 + 966_404.03 * t);
  const latitude = 5.13 * sin(93.3 + 483_202.02 * t) + 0.28 * sin(228.2 + 960_400.89 * t) -
    0.28 * sin(318.3 + 6_003.15 * t) - 0.17 * sin(217.6 - 407_332.21 * t);
  const elongation = turn(longitude - sun(date).longitude);
  return { ...equatorial(longitude, latitude), elongation, lit: (1 - cos(elongation)) / 2 };
}

/** The five planets that need no telescope: `[{ name, ra, dec, colour }]`. */
export function planets(date) {
  const t = centuries(date);
  const earth = orbit(elements.Earth, t);
  return Object.entries(elements).filter(([name]) => name !== "Earth").map(([name, row]) => {
    const body = orbit(row, t);
    const [x, y, z] = [body.x - earth.x, body.y - earth.y, body.z - earth.z];
    const longitude = Math.atan2(y, x) / rad;
    const latitude = Math.atan2(z, Math.hypot(x, y)) / rad;
    return { name, ...equatorial(longitude, latitude), colour: row.colour };
  });
}

// Semi-major axis (AU), eccentricity, inclination, mean longitude, longitude of perihelion,
// longitude of the node: the value in the year 2000 and its change in a century.
const elements = {
  Mercury: {
    colour: "#d8cfc4",
    at: [0.38709927, 0.20563593, 7.00497902, 252.2503235, 77.45779628, 48.33076593],
    by: [0.00000037, 0.00001906, -0.00594749, 149472.67411175, 0.16047689, -0.12534081],
  },
  Venus: {
    colour: "#fff6d8",
    at: [0.72333566, 0.00677672, 3.39467605, 181.9790995, 131.60246718, 76.67984255],
    by: [0.0000039, -0.00004107, -0.0007889, 58517.81538729, 0.00268329, -0.27769418],
  },
  Earth: {
    at: [1.00000261, 0.01671123, -0.00001531, 100.46457166, 102.93768193, 0],
    by: [0.00000562, -0.00004392, -0.01294668, 35999.37244981, 0.32327364, 0],
  },
  Mars: {
    colour: "#ff9a6b",
    at: [1.52371034, 0.0933941, 1.84969142, -4.55343205, -23.94362959, 49.55953891],
    by: [0.00001847, 0.00007882, -0.00813131, 19140.30268499, 0.44441088, -0.29257343],
  },
  Jupiter: {
    colour: "#ffe6bd",
    at: [5.202887, 0.04838624, 1.30439695, 34.39644051, 14.72847983, 100.47390909],
    by: [-0.00011607, -0.00013253, -0.00183714, 3034.74612775, 0.21252668, 0.20469106],
  },
  Saturn: {
    colour: "#f3dd9c",
    at: [9.53667594, 0.05386179, 2.48599187, 49.95424423, 92.59887831, 113.66242448],
    by: [-0.0012506, -0.00050991, 0.00193609, 1222.49362201, -0.41897216, -0.28867794],
  },
};

/** The point a small step from one place in the sky towards another, along the great circle. */
export function towards(from, to) {
  const vector = ({ ra, dec }) => [cos(dec) * cos(ra), cos(dec) * sin(ra), sin(dec)];
  const goal = vector(to);
  const [x, y, z] = vector(from).map((v, i) => v + 0.02 * (goal[i] - v));
  return { ra: turn(Math.atan2(y, x) / rad), dec: Math.atan2(z, Math.hypot(x, y)) / rad };
}

function orbit({ at, by }, t) {
  const [axis, eccentricity, tilt, mean, perihelion, node] = at.map((v, i) => v + by[i] * t);
  const anomaly = turn(mean - perihelion) * rad;
  let eccentric = anomaly;
  for (let i = 0; i < 8; i++) eccentric = anomaly + eccentricity * Math.sin(eccentric);
  const u = axis * (Math.cos(eccentric) - eccentricity);
  const v = axis * Math.sqrt(1 - eccentricity ** 2) * Math.sin(eccentric);
  const w = perihelion - node;
  const p = u * cos(w) - v * sin(w);
  const q = u * sin(w) + v * cos(w);
  return {
    x: p * cos(node) - q * sin(node) * cos(tilt),
    y: p * sin(node) + q * cos(node) * cos(tilt),
    z: q * sin(tilt),
  };
}

function equatorial(longitude, latitude) {
  const obliquity = 23.439;
  const dec = Math.asin(
    sin(latitude) * cos(obliquity) + cos(latitude) * sin(obliquity) * sin(longitude),
  );
  const ra = Math.atan2(
    sin(longitude) * cos(latitude) * cos(obliquity) - sin(latitude) * sin(obliquity),
    cos(longitude) * cos(latitude),
  );
  return { ra: turn(ra / rad), dec: dec / rad };
}
