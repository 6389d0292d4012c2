/** The tables of `log.db`: the request log, which is thrown away when old, and the usage counters. @module */

// A file of its own, so that its writer (a worker) and the accounts' never wait for each other, a log of
// 1 GB is not copied before a migration of the accounts, and a damaged log can be removed without losing them.

/** Upper bounds, in ms, of the duration histogram's buckets; the last bucket holds what took longer. */
export const DURATION_BOUNDS: readonly number[] = Array.from(
  { length: 19 },
  (_, k) => 0.25 * 2 ** k,
);

const buckets = Array.from({ length: DURATION_BOUNDS.length + 1 }, (_, k) => `h${k}`);

/**
 * The counters of a usage row in order: requests, bytes in and out, answers by class (`s0` is 1xx, or broken
 * off before any), and how many took how long.
 */
export const COUNTERS: readonly string[] = [
  ...["requests", "bytes_in", "bytes_out", "s0", "s2", "s3", "s4", "s5"],
  ...buckets,
];

/** Place of the first histogram bucket in {@linkcode COUNTERS}. */
export const FIRST_BUCKET = COUNTERS.length - buckets.length;

const counters = COUNTERS.map((name) => `${name} INTEGER NOT NULL`).join(", ");

/** The steps for {@linkcode migrate}. Times are milliseconds since 1970, durations microseconds. */
export const LOG_SCHEMA: readonly string[] = [
  `
  -- A row with left_out counts requests that the log left out until then; all else in it is empty.
  CREATE TABLE requests (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    id TEXT,
    name TEXT,
    account TEXT,
    agent TEXT,
    visitor TEXT,
    method TEXT,
    target TEXT,
    status INTEGER,
    bytes_in INTEGER,
    bytes_out INTEGER,
    us INTEGER,
    ttfb_us INTEGER,
    left_out INTEGER
  ) STRICT;
  CREATE INDEX requests_time ON requests (time);
  CREATE INDEX requests_id ON requests (id);
  CREATE INDEX requests_name ON requests (name);
  CREATE INDEX requests_account ON requests (account);
  CREATE INDEX requests_failed ON requests (status) WHERE status >= 400;

  CREATE TABLE usage_minute (
    start INTEGER NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, ${counters},
    PRIMARY KEY (start, account, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE usage_hour (
    start INTEGER NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, ${counters},
    PRIMARY KEY (start, account, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE usage_total (
    account TEXT NOT NULL, name TEXT NOT NULL, ${counters},
    PRIMARY KEY (account, name)
  ) STRICT, WITHOUT ROWID;
  `,
  // Failures and gaps are asked for by stretches of `seq`.
  `
  CREATE TABLE usage_second (
    start INTEGER NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, ${counters},
    PRIMARY KEY (start, account, name)
  ) STRICT, WITHOUT ROWID;
  DROP INDEX requests_failed;
  CREATE INDEX requests_failures ON requests (seq) WHERE status >= 400;
  CREATE INDEX requests_gaps ON requests (seq) WHERE left_out IS NOT NULL;
  `,
  // An id tells when its request began, so that the index of times finds it; those of before do not.
  `
  DROP INDEX requests_id;
  CREATE INDEX requests_other_ids ON requests (id) WHERE length(id) <> 32;
  `,
];
