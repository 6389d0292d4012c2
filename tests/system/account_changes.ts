/** Changes of accounts: what each is called at every door, and what it makes of an account. @module */

import { ControlPath } from "../../relay/store/control_path.ts";
import type { Store } from "../../relay/store/mod.ts";
import type { Household } from "../support/crunch.ts";

/** One change. A token is known by its label. */
export type Change =
  | { readonly kind: "add" | "passwd"; readonly account: string; readonly password: string }
  | { readonly kind: "disable" | "enable" | "remove"; readonly account: string }
  | { readonly kind: "role"; readonly account: string; readonly role: string }
  | { readonly kind: "name add" | "name remove"; readonly account: string; readonly name: string }
  | {
    readonly kind: "token create";
    readonly account: string;
    readonly label: string;
    readonly scope?: string;
  }
  | {
    readonly kind: "token revoke";
    readonly account: string;
    readonly label: string;
    readonly id: string;
  };

/** A way to change something: gives the API's answer once the change is acknowledged. @throws where it is not. */
export type Door = (change: Change) => Promise<Record<string, string>>;

/** As the API takes it. */
function requestOf(change: Change): { method: string; path: string; body?: unknown } {
  const { kind, account } = change;
  const path = `/accounts/${account}`;
  switch (kind) {
    case "add":
      return {
        method: "POST",
        path: "/accounts",
        body: { name: account, password: change.password },
      };
    case "passwd":
      return { method: "PATCH", path, body: { password: change.password } };
    case "role":
      return { method: "PATCH", path, body: { role: change.role } };
    case "disable":
    case "enable":
      return { method: "PATCH", path, body: { disabled: kind === "disable" } };
    case "remove":
      return { method: "DELETE", path };
    case "name add":
      return { method: "POST", path: "/names", body: { account, name: change.name } };
    case "name remove":
      return { method: "DELETE", path: `/names/${change.name}?account=${account}` };
    case "token create": {
      const { label: name, scope } = change;
      return { method: "POST", path: `${path}/tokens`, body: { name, scope } };
    }
    case "token revoke":
      return { method: "DELETE", path: `/tokens/${change.id}` };
  }
}

/** As it is typed after `crunch account`. There is no command for a role. */
export function wordsOf(change: Change): string[] {
  const { kind, account } = change;
  const words = kind.split(" ");
  if ("name" in change) return [...words, account, change.name];
  if (kind === "token create") return [...words, account, "--label", change.label];
  if (kind === "token revoke") return [...words, change.id];
  return [...words, account];
}

async function send(
  origin: string,
  change: Change,
  init: RequestInit & { client?: Deno.HttpClient },
): Promise<Record<string, string>> {
  const { method, path, body } = requestOf(change);
  const response = await fetch(`${origin}/api/v1${path}`, {
    ...init,
    method,
    headers: { "content-type": "application/json", ...init.headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new RangeError(`${JSON.stringify(change)}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** The API on the visitors' port. */
export function byToken(http: string, token: string): Door {
  return (change) =>
    send(`http://${http}`, change, { headers: { authorization: `Bearer ${token}` } });
}

/** The control socket in the data directory. */
export function bySocket(data: string): { door: Door } & Disposable {
  const control = new ControlPath(data);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: control.path } });
  return {
    door: (change) => send("http://crunch", change, { client }),
    [Symbol.dispose]() {
      client.close();
      control[Symbol.dispose]();
    },
  };
}

/** The program itself. */
export function byCommand(household: Household): Door {
  return async (change) => {
    const env = "password" in change ? { CRUNCH_PASSWORD: change.password } : {};
    const args = ["account", ...wordsOf(change), "--json", "--data", household.data];
    const process = household.crunch(args, { env });
    if (await process.exit !== 0) throw new RangeError(process.all);
    return JSON.parse(process.stdout);
  };
}

/** An account as changes make it; null: there is none. */
export type State = {
  readonly role: string;
  readonly disabled: boolean;
  readonly names: readonly string[];
  /** Of its tokens. */
  readonly labels: readonly string[];
} | null;

/** What `change` makes of its account. */
export function after(state: State, change: Change): State {
  if (change.kind === "add") {
    return { role: "member", disabled: false, names: [change.account], labels: [] };
  }
  if (state === null) throw new RangeError(`${change.account} is not there`);
  const { names, labels } = state;
  switch (change.kind) {
    case "remove":
      return null;
    case "disable":
    case "enable":
      return { ...state, disabled: change.kind === "disable" };
    case "role":
      return { ...state, role: change.role };
    case "name add":
      return { ...state, names: [...names, change.name].sort() };
    case "name remove":
      return { ...state, names: names.filter((name) => name !== change.name) };
    case "token create":
      return { ...state, labels: [...labels, change.label].sort() };
    case "token revoke":
      return { ...state, labels: labels.filter((label) => label !== change.label) };
    case "passwd":
      return state;
  }
}

/** The same as the store has it, and what the audit log has of it, oldest first. */
export function stored(
  store: Store,
  account: string,
): { state: State; ids: Map<string, string>; actions: string[] } {
  const found = store.accounts.get(account);
  const tokens = found === undefined ? [] : store.tokens.list({ account });
  return {
    state: found === undefined ? null : {
      role: found.role,
      disabled: found.disabled,
      names: store.names.list({ account }).map(({ name }) => name).sort(),
      labels: tokens.map(({ name }) => name).sort(),
    },
    ids: new Map(tokens.map(({ name, id }) => [name, id])),
    // With those of former accounts of the name.
    actions: store.changes.list({ limit: 100_000 })
      .filter((change) =>
        change.account === account || change.account.startsWith(`${account} (removed `)
      )
      .map(({ action }) => action).reverse(),
  };
}

/** What the audit log calls it. */
export function actionOf({ kind }: Change): string {
  const actions: Partial<Record<Change["kind"], string>> = {
    passwd: "account.password",
    add: "account.add",
    remove: "account.remove",
  };
  return actions[kind] ?? (kind.includes(" ") ? kind.replace(" ", ".") : "account.update");
}
