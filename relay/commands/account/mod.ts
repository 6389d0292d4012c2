/** `crunch account …`: a thin client of the API. @module */

import { type Invocation, type Program, remoteRelay } from "../../../cli/mod.ts";
import type { AccountView, TokenView } from "../../api/mod.ts";
import type { ApiClient } from "./client.ts";
import { connect } from "./connect.ts";
import { bytesText, type Column, Output, timeText } from "./output.ts";
import { passwordFor } from "./password.ts";

/** What one of the commands was given. */
export type AccountInvocation = Extract<Invocation, { readonly command: `account ${string}` }>;

/**
 * Does what the command says.
 * @throws {CommandFailure} with the reason. @throws {UsageError} where a password is missing.
 */
export async function runAccount(invocation: AccountInvocation, program: Program): Promise<void> {
  const { values } = invocation;
  const out = new Output(program, values.json);
  // Before the way is opened: who types a password slowly must not hold the data directory meanwhile.
  const work = await prepare(invocation, out);
  const { log, software } = program;
  await using api = await connect({ ...values, relay: remoteRelay(invocation), log, software });
  await work(api);
}

type Work = (api: ApiClient) => Promise<void>;

async function prepare(invocation: AccountInvocation, out: Output): Promise<Work> {
  const [first = "", second = ""] = invocation.positionals;
  const path = `/accounts/${encodeURIComponent(first)}`;
  switch (invocation.command) {
    case "account add": {
      const { role, trusted, password: given } = invocation.values;
      const password = await passwordFor(first, given, invocation.command);
      const fields = { name: first, password, role, ...(trusted ? { trusted } : {}) };
      return async (api) => {
        const made = await api.call<AccountView>("POST", "/accounts", fields);
        out.done(`added ${made.name} as ${made.role}`, made);
      };
    }
    case "account list":
      return async (api) => {
        await out.table(
          ACCOUNTS,
          await api.all<AccountView>("/accounts"),
          "There are no accounts yet.",
        );
      };
    case "account passwd": {
      const password = await passwordFor(first, invocation.values.password, invocation.command);
      return (api) => change(api, { password }, `${first} has a new password`);
    }
    case "account disable":
      return (api) => change(api, { disabled: true }, `disabled ${first}`);
    case "account enable":
      return (api) => change(api, { disabled: false }, `enabled ${first}`);
    case "account remove":
      return async (api) => {
        await api.call("DELETE", path);
        out.done(`removed ${first}`, { removed: first });
      };
    case "account token create": {
      const { label, scope, expires } = invocation.values;
      return async (api) => {
        const made = await api.call<TokenView & { readonly token: string }>(
          "POST",
          `${path}/tokens`,
          {
            scope,
            ...(label === undefined ? {} : { name: label }),
            ...(expires === undefined
              ? {}
              : { expires: new Date(Date.now() + expires).toISOString() }),
          },
        );
        out.remark(`Token ${made.id} of ${made.account}; it is not shown again:`);
        out.done(made.token, made);
      };
    }
    case "account token list":
      return async (api) => {
        const tokens = await api.all<TokenView>(first === "" ? "/tokens" : `${path}/tokens`);
        await out.table(TOKENS, tokens, "There are no tokens.");
      };
    case "account token revoke":
      return async (api) => {
        await api.call("DELETE", `/tokens/${encodeURIComponent(first)}`);
        out.done(`revoked ${first}`, { revoked: first });
      };
    case "account name add":
      return async (api) => {
        const made = await api.call<{ readonly name: string }>("POST", "/names", {
          account: first,
          name: second,
        });
        out.done(`${first} has the name ${made.name}`, made);
      };
    case "account name remove":
      return async (api) => {
        const query = `?account=${encodeURIComponent(first)}`;
        await api.call("DELETE", `/names/${encodeURIComponent(second)}${query}`);
        out.done(`${first} no longer has the name ${second}`, { removed: second });
      };
  }

  async function change(api: ApiClient, patch: object, line: string): Promise<void> {
    out.done(line, await api.call<AccountView>("PATCH", path, patch));
  }
}

const ACCOUNTS: readonly Column<AccountView>[] = [
  { heading: "NAME", text: ({ name }) => name },
  { heading: "ROLE", text: ({ role }) => role },
  {
    heading: "STATE",
    text: ({ disabled, trusted }) =>
      [disabled ? "disabled" : "enabled", ...(trusted ? ["trusted"] : [])].join(", "),
  },
  { heading: "CREATED", text: ({ created }, isForPeople) => timeText(created, isForPeople) },
  { heading: "IN", text: ({ bytes_in }, isForPeople) => bytesText(bytes_in, isForPeople) },
  { heading: "OUT", text: ({ bytes_out }, isForPeople) => bytesText(bytes_out, isForPeople) },
];

const TOKENS: readonly Column<TokenView>[] = [
  { heading: "ID", text: ({ id }) => id },
  { heading: "ACCOUNT", text: ({ account }) => account },
  { heading: "LABEL", text: ({ name }) => name },
  { heading: "SCOPE", text: ({ scope }) => scope },
  { heading: "CREATED", text: ({ created }, isForPeople) => timeText(created, isForPeople) },
  { heading: "EXPIRES", text: ({ expires }, isForPeople) => timeText(expires, isForPeople) },
  { heading: "LAST USED", text: ({ last_used }, isForPeople) => timeText(last_used, isForPeople) },
];
