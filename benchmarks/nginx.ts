/** nginx as the origin of everybody else, and as the reverse proxy that a tunnel is compared with. @module */

import { join } from "node:path";
import { type Contender, folderFor, freePorts, type Setting, waitForPort } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** nginx serving the files; what it can do without any hop is the ceiling of the table. */
export const nginxStatic: Contender = {
  id: "nginx",
  title: "nginx",
  kind: "files, no hop",
  programs: ["nginx"],
  start: (setting) =>
    startNginx(setting, { id: "nginx", server: () => `root ${setting.site.folder};` }),
};

/** nginx in front of nginx: one hop, no tunnel; the reference of every ratio. */
export const nginxProxy: Contender = {
  id: "nginx-nginx",
  title: "nginx → nginx",
  kind: "reverse proxy, no tunnel",
  programs: ["nginx"],
  start: (setting) =>
    startNginx(setting, {
      id: "nginx-nginx",
      upstream: `upstream origin { server 127.0.0.1:${setting.origin}; keepalive 128; }`,
      server: () =>
        "location / { proxy_pass http://origin; proxy_http_version 1.1; " +
        'proxy_set_header Connection ""; proxy_set_header Host $host; }',
    }),
};

interface Part {
  readonly id: string;
  readonly upstream?: string;
  readonly server: () => string;
}

/** Debian's settings, request log included, save for more connections than 768 (at 512 the proxy needs 1,024). */
async function startNginx(setting: Setting, part: Part): Promise<Subject> {
  const folder = folderFor(setting, part.id);
  const port = freePorts(1)[0] ?? 0;
  const log = join(folder, "access.log");
  const config = join(folder, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  Deno.writeTextFileSync(
    config,
    [
      "daemon off;",
      // As root the workers would be nobody, who may not read a private folder.
      Deno.uid() === 0 ? "user root;" : "",
      "worker_processes auto;",
      `pid ${join(folder, "pid")};`,
      "events { worker_connections 4096; }",
      "http {",
      "  sendfile on; tcp_nopush on; keepalive_timeout 65;",
      "  default_type text/plain;",
      `  access_log ${log};`,
      ...temporary.map((kind) => `  ${kind}_temp_path ${join(folder, kind)};`),
      `  ${part.upstream ?? ""}`,
      `  server { listen 127.0.0.1:${port}; ${part.server()} }`,
      "}",
      "",
    ].join("\n"),
  );
  const errors = join(folder, "error.log");
  const running = await setting.processes.start({
    name: part.id,
    program: "nginx",
    args: ["-e", errors, "-p", folder, "-c", config],
  }, join(folder, "output.log"));
  await waitForPort(port, running);
  const { stderr } = await setting.processes.run(
    { name: "nginx", program: "nginx", args: ["-v"] },
    10,
  );
  return {
    version: stderr.trim().split("/").at(-1) ?? "",
    base: `http://127.0.0.1:${port}/`,
    headers: [],
    server: running,
    client: null,
    logs: [log],
  };
}
