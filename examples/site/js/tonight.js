/** Fills in the almanac on the front page. @module */
import { dayOf, moonWords, nextOpenNight, noonBefore, sunBelow, timeOf } from "./almanac.js";

const now = new Date();
const write = (name, text) => {
  for (const element of document.querySelectorAll(`[data-almanac="${name}"]`)) {
    element.textContent = text;
  }
};

const sunset = sunBelow(-0.83, now); // refraction and half the Sun's width
const dark = sunBelow(-18, now);
const open = nextOpenNight(now);

write("night", dayOf(noonBefore(now)));
if (sunset) write("sunset", timeOf(sunset));
write("dark", dark ? `from ${timeOf(dark)}` : "not at all, summer nights are too light");
write("moon", moonWords(dark ?? now));
if (open) write("open", `${dayOf(open)} at eight`);
