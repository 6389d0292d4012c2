/** The tables of `crunch.db`: what must never be lost. @module */

/** The steps for {@linkcode migrate}. Times are milliseconds since 1970. */
export const STORE_SCHEMA: readonly string[] = [
  `
  CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    disabled INTEGER NOT NULL DEFAULT 0,
    trusted INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    salt BLOB,
    cost_n INTEGER,
    cost_r INTEGER,
    cost_p INTEGER,
    stored_key BLOB,
    server_key BLOB
  ) STRICT;

  CREATE TABLE names (
    name TEXT NOT NULL PRIMARY KEY,
    skeleton TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX names_account ON names (account);

  CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    last_used INTEGER,
    stored_key BLOB NOT NULL,
    server_key BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_account ON tokens (account);

  CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_account ON sessions (account);
  CREATE INDEX sessions_expires ON sessions (expires);

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    account TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT,
    after TEXT
  ) STRICT;
  CREATE INDEX audit_account ON audit (account);

  CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // Since then a scope says each thing that a token opens; tokens may be made with others, their parents.
  `
  ALTER TABLE tokens ADD COLUMN parent TEXT;
  CREATE INDEX tokens_parent ON tokens (parent);
  UPDATE tokens SET scope = 'full agent' WHERE scope = 'full';

  -- How many names an account has, so that claiming one counts none.
  ALTER TABLE accounts ADD COLUMN names INTEGER NOT NULL DEFAULT 0;
  UPDATE accounts SET names = (SELECT count(*) FROM names WHERE account = accounts.id);
  CREATE TRIGGER names_added AFTER INSERT ON names BEGIN
    UPDATE accounts SET names = names + 1 WHERE id = NEW.account;
  END;
  CREATE TRIGGER names_removed AFTER DELETE ON names BEGIN
    UPDATE accounts SET names = names - 1 WHERE id = OLD.account;
  END;
  CREATE TRIGGER names_given AFTER UPDATE OF account ON names BEGIN
    UPDATE accounts SET names = names - 1 WHERE id = OLD.account;
    UPDATE accounts SET names = names + 1 WHERE id = NEW.account;
  END;
  `,
  // From where which account has signed in.
  `
  CREATE TABLE places (
    place TEXT NOT NULL PRIMARY KEY,
    seen INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX places_seen ON places (seen);
  `,
];
