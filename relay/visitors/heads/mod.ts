/** What passes of the heads of requests and answers, and what is added to them. @module */

export {
  type AnswerNotes,
  type AnswerPolicy,
  type Asked,
  passAnswerHead,
  passInterimHead,
  passSwitchHead,
} from "./answer_head.ts";
export { type DroppedField, DroppedFields } from "./dropped_fields.ts";
export { FrontPasswords } from "./front_passwords.ts";
export { OWN_COOKIE } from "./isolation.ts";
export { isNavigation, isNear, KEYED, PageKeys } from "./page_key.ts";
export { asksLeave, leaveFields, type Reader, readerOf } from "./page_reads.ts";
export { putRequestHead } from "./request_head.ts";
export { passableTrailers } from "./trailers.ts";
