/** A real Chromium without a window, where there is one. @module */

import { type Browser, chromium } from "playwright-core";

/** The machine's Chromium: what CHROMIUM names, else the usual places. Undefined where there is none. */
export function findChromium(): string | undefined {
  const named = Deno.env.get("CHROMIUM");
  return [
    ...(named === undefined ? [] : [named]),
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What Playwright switches off, and what a browser with a screen draws around its pages: a third of a window's cost. */
const UNWANTED = [
  ...["AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"],
  ...["BlockOriginHeaderModificationOnRedirect", "AvoidCorsURLLoaderRestartOnRedirect"],
  ...["PaintHolding", "ThirdPartyStoragePartitioning", "AutoDeElevate", "OptimizationHints"],
  ...["DialMediaRouteProvider", "GlobalMediaControls", "MediaRouter", "LensOverlay", "Translate"],
  ...["NetworkTimeServiceQuerying", "AimEnabled"],
  ...["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"],
  "SpareRendererForSitePerProcess",
];

/** Starts Chromium; undefined, having said so, where there is none. */
export async function openBrowser(): Promise<(Browser & AsyncDisposable) | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    console.log("      skipped: there is no Chromium here; name one with CHROMIUM=/path");
    return undefined;
  }
  return await chromium.launch({
    executablePath,
    // As root it starts without its own sandbox only; the rest keeps it from calling home.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      // Without a screen nobody needs what a missing graphics card would be replaced by.
      "--disable-software-rasterizer",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Of several such lists Chromium heeds the last.
      `--disable-features=${UNWANTED.join()}`,
    ],
  });
}
