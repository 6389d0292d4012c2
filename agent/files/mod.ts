/** Publishes directories: files, their listings, and nothing outside or hidden. @module */

export { createDirectoryOrigin } from "./directory_origin.ts";
export type { DirectoryOriginOptions } from "./directory_origin.ts";
export { openDirectory } from "./open_directory.ts";
export type { Refuse } from "./file_answers.ts";
export { decodeSegment, encodeSegment, safeBase } from "./path.ts";
export { BAD_PATH, NOT_FOUND } from "./problems.ts";
export { redirectTo } from "./redirect.ts";
export { PRIVATE_MARKER } from "./root.ts";
