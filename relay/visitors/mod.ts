/** Visitors' requests: who asks, who answers, and the way to an agent and back. @module */

export { ConnectionLimiter } from "./connection_limiter.ts";
export {
  cookieName,
  hasTwoCookies,
  isOurs,
  isPlantable,
  SECOND_FIELD,
  secondOf,
  type Sender,
  senderOf,
} from "./credential.ts";
export { Router } from "./router.ts";
export { SecureRedirect } from "./secure_redirect.ts";
export { TrustedProxies } from "./trusted_proxies.ts";
export { Visitor } from "./visitor.ts";
export { refuseHost, VisitorHandler } from "./visitor_handler.ts";
