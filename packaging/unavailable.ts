/** The error of a way of building that is not to be had here. @module */

/** Something that is needed cannot be had on this machine; `message` says what. Another way may work. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
