/** What is used of the standard library, in one place, because it comes without types. @module */

export { parse as parseToml } from "@std/toml/parse.js";
