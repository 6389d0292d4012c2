/** Paths as users write them, files that options name, and files written whole. @module */

export { isAlive } from "./alive.ts";
export { isNamedFile, namedFileIn, nameFile, withholdFile } from "./named_files.ts";
export {
  exists,
  leaveNameless,
  locatePath,
  type Place,
  quotePath,
  typedDirectory,
} from "./paths.ts";
export { FileDraft, notReplaceable, sweepDrafts, writeWholeFile } from "./whole_file.ts";
