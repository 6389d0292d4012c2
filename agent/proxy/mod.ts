/** Publishes web applications: requests go to an origin over HTTP, its answers come back. @module */

export { openProxy } from "./open_proxy.ts";
export { ProxyOrigin, type ProxyOriginOptions } from "./proxy_origin.ts";
