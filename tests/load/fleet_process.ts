/** Many agents in one process, for a test: real ones, each with a name of its own. @module */

import { startAgent } from "../../agent/mod.ts";

const [relay, token, dir, count, first] = Deno.args as [string, string, string, string, string];
const all = Number(count);
let welcomes = 0;

for (let i = 0; i < all; i++) {
  void startAgent({
    ...{ relay, token, dir },
    name: `n${Number(first) + i}`,
    // One line each time that all are in.
    onwelcome: () => {
      if (++welcomes > all) console.log("again");
      if (welcomes % all === 0) console.log(`welcomed ${welcomes}`);
    },
    onrefused: (error) => console.log(`refused ${error.message}`),
  });
}
