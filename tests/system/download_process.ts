/** Downloads as fast as it goes and forgets what comes, for a test. @module */

import { Visitor } from "../support/visitor.ts";

const [http, path] = Deno.args as [string, string];
using visitor = await Visitor.connect(http);
await visitor.request(path);
await visitor.head();
await visitor.take(4 << 20);
console.log("begun");
const buffer = new Uint8Array(256 << 10);
while (await visitor.conn.read(buffer) !== null);
