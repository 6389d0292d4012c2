/** Types of the module of the same name in `@std/media_types`, which comes without any. @module */

/** The Content-Type of an extension (with or without its dot) or of a bare media type. */
export function contentType(extensionOrType: string): string | undefined;
