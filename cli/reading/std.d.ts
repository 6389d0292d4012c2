/** Types of the modules in std.ts, which come without any. @module */

/** Reads TOML 1.0. @throws {SyntaxError} "Parse error on line 3, column 5: …" */
export function parseToml(text: string): Record<string, unknown>;
