/** A test that this machine cannot run says why. @module */

/** For `ignore`: returns `isSo`, having printed `why` if it is. */
export function leftOut(isSo: boolean, why: string): boolean {
  if (isSo) console.log(`left out: ${why}`);
  return isSo;
}
