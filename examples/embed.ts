/** A relay and an agent within one program: publishes a folder, fetches a page of it from outside, and ends. @module */

// In a checkout of crunch: deno run -A examples/embed.ts [FOLDER [FILE]]

import { startAgent } from "../agent/mod.ts";
import { startRelay } from "../relay/mod.ts";

const [folder = `${import.meta.dirname}/site`, file = "archive/minutes-1962.txt"] = Deno.args;

// Accounts and the request log are kept here; a program that stays would name a folder of its own.
const data = await Deno.makeTempDir({ prefix: "crunch-embed-" });
await using _clean = { [Symbol.asyncDispose]: () => Deno.remove(data, { recursive: true }) };

// Options are those of `crunch relay`: texts as on the command line, or numbers: ports, milliseconds, bytes.
await using relay = await startRelay({
  data,
  http: "127.0.0.1:0",
  tunnel: "127.0.0.1:0",
  maxHead: "32KiB",
});
console.log(`visitors  http://${relay.http[0]}/`);

// In the same process `relay.local` stands for address and account. Elsewhere it would be
// { relay: "tls://relay.example", user: "alice", password: "…" }
await using agent = await startAgent({ relay: relay.local, dir: folder });
const urls = await agent.urls;
console.log(`published ${urls.join("  ")}`);

const response = await fetch(new URL(file, urls[0]));
console.log(`\n${response.status} ${response.headers.get("content-type")}\n`);
console.log(await response.text());

// What was declared with `await using` ends here: first the agent, then the relay, then the data.
