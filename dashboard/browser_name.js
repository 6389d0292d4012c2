/** What a browser calls itself, in the few words that tell one from another. @module */
// @ts-check

import { shorten } from "./format.js";

/** In this order: most say that they are others, too. */
const PROGRAMS = [
  ["Edge", /\bEdg\w*\/(\d+)/],
  ["Opera", /\bOPR\/(\d+)/],
  ["Firefox", /\bFirefox\/(\d+)/],
  ["Chrome", /\b(?:Headless)?Chrome\/(\d+)/],
  ["Safari", /\bVersion\/(\d+).* Safari\//],
];
const SYSTEMS = [
  ["Android", /Android/],
  ["iPhone", /iPhone/],
  ["iPad", /iPad/],
  ["macOS", /Mac OS X/],
  ["Windows", /Windows/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
];

/** "Firefox 140 on Linux", or what it says itself where that is nothing known. @param {string} agent */
export function browserName(agent) {
  const program = PROGRAMS.map(([name, pattern]) => [name, agent.match(pattern ?? "")?.[1]])
    .find(([, version]) => version);
  const system = SYSTEMS.find(([, pattern]) => agent.match(pattern ?? ""))?.[0];
  if (program === undefined) return agent === "" ? "unknown" : shorten(agent, 60);
  return program.join(" ") + (system ? ` on ${system}` : "");
}
