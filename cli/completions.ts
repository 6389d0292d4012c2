/** placeholder @module */
import { UsageError } from "./usage.ts";
export function completionScript(shell: string): string {
  throw new UsageError(`no completions for ${shell}`, "completions");
}
