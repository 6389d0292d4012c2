/** What the API's answers look like, as types for who reads them. @module */

import type { z } from "@hono/zod-openapi";
import type * as schemas from "./schemas.ts";

export type AccountView = z.infer<typeof schemas.account>;
export type AgentView = z.infer<typeof schemas.agent>;
export type AuditView = z.infer<typeof schemas.auditEntry>;
export type MadeTokenView = z.infer<typeof schemas.madeToken>;
export type MeView = z.infer<typeof schemas.me>;
export type DroppedFieldView = z.infer<typeof schemas.droppedField>;
export type NameView = z.infer<typeof schemas.name>;
export type ProblemView = z.infer<typeof schemas.problem>;
export type RequestView = z.infer<typeof schemas.request>;
export type SessionView = z.infer<typeof schemas.session>;
export type SettingView = z.infer<typeof schemas.setting>;
export type StatusView = z.infer<typeof schemas.status>;
export type TokenView = z.infer<typeof schemas.token>;
export type TunnelView = z.infer<typeof schemas.tunnel>;
export type UsageView = z.infer<typeof schemas.usage>;

/** A page of a list. */
export interface ListView<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}
