/** Kinds of option values: how each is read, shown and completed. @module */

export {
  type Address,
  address,
  addressOrOff,
  baseUrl,
  covers,
  type DialAddress,
  dialAddress,
  domain,
  formatAddress,
  hostHeader,
  isLoopbackAddress,
  originUrl,
  TUNNEL_PORT,
} from "./addresses.ts";
export { type FieldLine, fieldLine, fieldName } from "./field_lines.ts";
export {
  type Cidr,
  inCidr,
  isLoopback,
  isLoopbackText,
  parseCidr,
  parseIp,
  trustedPeer,
} from "./cidr.ts";
export {
  CENTURY,
  choice,
  directory,
  duration,
  file,
  integer,
  type Kind,
  type KindValue,
  size,
  text,
  toggle,
} from "./kinds.ts";
export { type Mounted, mounted, name, prefix } from "./mounts.ts";
export { Secret, secret, secretFromFile, STANDARD_INPUT } from "./secret.ts";
