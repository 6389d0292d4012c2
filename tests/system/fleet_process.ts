/** Many agents in one process, for a test: real ones, each with a name of its own. @module */

import { startAgent } from "../../agent/mod.ts";
import { dialAddress } from "../../cli/mod.ts";
import { Credential, parseToken } from "../../tunnel/mod.ts";

const [tunnel, token, directory, count] = Deno.args as [string, string, string, string];
const relay = dialAddress.parse(tunnel);
const credential = Credential.token(parseToken(token)!);
const all = Number(count);
let welcomes = 0;

for (let i = 0; i < all; i++) {
  startAgent({
    access: () => ({ relay, credential }),
    publish: [{ name: `n${i}`, dir: [{ mount: "/", value: directory }] }],
    // One line each time that all are in.
    onwelcome: () => {
      if (++welcomes % all === 0) console.log(`welcomed ${welcomes}`);
    },
    onrefused: (error) => console.log(`refused ${error.message}`),
  });
}
