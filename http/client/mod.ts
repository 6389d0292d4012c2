/** The client's side of HTTP/1.1, for origins: pooled connections, strict answers, bodies streamed both ways. @module */

export { ClientError, type ClientErrorCode } from "./client_error.ts";
export type { ClientCall, ClientHandler, ClientRequest, RequestBody } from "./client_call.ts";
export {
  type AddressLookup,
  dialOrigin,
  type OriginAddress,
  type OriginTls,
} from "./dial_origin.ts";
export { HttpClient, type HttpClientOptions } from "./http_client.ts";
