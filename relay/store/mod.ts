/** What a relay keeps: accounts, names, tokens, sessions, settings, the audit log, the request log, usage. @module */

export type { FinishedRequest } from "./finished_request.ts";
export {
  checkDataDirOwner,
  type DataDirLock,
  DataDirTaken,
  lockDataDir,
  MARKER,
} from "./data_dir.ts";
export {
  abandonRestore,
  beginRestore,
  commitRestore,
  filesToKeep,
  isDatabase,
  isEmptyDataDir,
  isPassing,
} from "./data_files.ts";
export { type Contents, copyDatabase, inspectDatabase } from "./snapshot.ts";
export { StoreError, type StoreErrorCode } from "./store_error.ts";

export { openStore, type Store, type StoreOptions } from "./store.ts";
export { type Account, type AccountPatch, type Role, ROLES } from "./account.ts";
export type { Accounts } from "./accounts.ts";
export type { Action, Actor, AuditEntry, Change, ChangeListener, Changes } from "./changes.ts";
export { collectGarbage } from "./garbage.ts";
export { formerName, SYSTEM } from "./changes.ts";
export { buryAccount } from "./burial.ts";
export { Database } from "./database.ts";
export type { FirstStart } from "./first_start.ts";
export { type CursorKind, Ids } from "./ids.ts";
export type { NameOwner, NameRow, Names } from "./names.ts";
export { ACTORS, ADMIN_ACCOUNT, foldName, LOCAL_ACCOUNT, parseName } from "./name_rules.ts";
export type { PasswordKeys } from "./password.ts";
export type { Session, Sessions } from "./sessions.ts";
export type { Settings } from "./settings.ts";
export type { SignIn, Verifier } from "./sign_in.ts";
export type { Grant, Grants, Lapse } from "./grant.ts";
export { allows, DEFAULT_SCOPE, parseScope, SCOPES, type ScopeWord } from "./scope.ts";
export type { KeptToken, Parent, Token, Tokens } from "./tokens.ts";
export { networkOf, Throttle } from "./throttle.ts";

export { openRequestLog, type RequestLog } from "./request_log.ts";
export type { LogCounters, RequestLogOptions } from "./log_options.ts";
export type { GapRow, LogRow, RequestRow } from "./log_rows.ts";
export { type Asker } from "./fair_queue.ts";
export { type Followed, LogFollowers } from "./log_followers.ts";
export { LogReader } from "./log_reader.ts";
export type { RequestFilter, RequestList, RequestPage } from "./request_query.ts";
export { type FieldTest, matcherOf, type RequestField, type RequestTerm } from "./request_terms.ts";
export {
  EXPORT_FORMATS,
  type ExportFormat,
  exportHead,
  type ExportPage,
  type ExportPart,
  type RequestView,
  requestView,
} from "./request_text.ts";
export {
  TOP_GROUPS,
  TOP_SORTS,
  type TopList,
  type TopQuestion,
  type TopRow,
} from "./request_top.ts";
export type { UsageQuestion, UsageRow, UsageTotal } from "./usage_query.ts";
export { csvLine } from "./csv.ts";
export { type Redactor, redactor, redactTarget } from "./redact.ts";
export { DURATION_BOUNDS } from "./log_schema.ts";
export { bucketOf } from "./usage_counters.ts";
export { findPasswordFile, leavePasswordFile, removePasswordFile } from "./admin_password.ts";
export { answers, ControlPath, isWorthWaiting, takeDataDir } from "./control_path.ts";
export {
  type Given,
  type LiveSettings,
  RelaySettings,
  SettingsError,
  type SettingsSnapshot,
} from "./relay_settings.ts";
