/** Administering a relay: the way into the API, the listener of `--admin`, the control socket. @module */

export { Administration } from "./administration.ts";
export { loadApi } from "./api_door.ts";
