/** Which options a running command takes over when its configuration changes. @module */

/** All others wait for the next start: listeners, addresses and data are what a running relay is. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  // Everywhere
  "logLevel",
  "logFormat",
  "drain",
  // Relay: who is believed, what is told
  "publicUrl",
  "trustedProxy",
  "namesPerAccount",
  // Relay: limits; of connections, agents and requests that come from then on
  "maxHead",
  "maxTarget",
  "maxFields",
  "headTimeout",
  "idleTimeout",
  "bodyTimeout",
  "writeTimeout",
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxPendingAgents",
  "signInTimeout",
  "maxStreams",
  "maxWaitingStreams",
  "streamWait",
  "firstByteTimeout",
  // Relay: request log
  "logKeep",
  "logSize",
  "logRedact",
  // Agent: what is published; as whom, from the next dial on
  "name",
  "dir",
  "publish",
  "user",
  "password",
  "token",
]);

/** Those keys of `settings` that may change. */
export function changeable<T extends object>(settings: T): Array<keyof T & string> {
  return (Object.keys(settings) as Array<keyof T & string>).filter((key) => CHANGEABLE.has(key));
}
