/** `--check`: the settings, where each comes from, and whether what they name can be used. @module */

import assert from "node:assert/strict";
import { certify } from "../support/certificates.ts";
import { Household } from "../support/crunch.ts";

const WELL = "# All is well: what these settings name is there and can be used.\n";

Deno.test("check: of a relay's settings", async (t) => {
  await using household = new Household();
  const at = (name: string): string => household.path(name);
  const pair = certify({ names: ["localhost"] });
  household.write("cert.pem", pair.certificate);
  household.write("key.pem", pair.key);
  household.write("other.pem", certify({ names: ["localhost"] }).key);
  household.write("downloads/file", "");
  household.write("password", "correct horse\n");
  const start = "[relay]\nhttps = ':8443'\n";
  const whole = `${start}tls-cert = 'cert.pem'\ntls-key = 'key.pem'\ndownloads = 'downloads'\n` +
    "admin-password-file = 'password'\ndata = 'data'\n";

  /** Of crunch.toml with this in it: the exit code, and what it says on stderr. */
  const check = async (toml: string, ...args: string[]): Promise<[number, string]> => {
    household.write("crunch.toml", toml);
    const process = household.crunch(["relay", "--check", "--config", "crunch.toml", ...args]);
    const code = await process.exit;
    assert.equal(process.stdout.endsWith(WELL), code === 0, process.all);
    return [code, process.stderr];
  };
  const wrong = (line: number, text: string): string =>
    `crunch relay: crunch.toml, line ${line}: ${text}\n`;

  await t.step("all is well", async () => {
    assert.deepEqual(await check(whole), [0, ""]);
    assert.throws(() => Deno.statSync(household.data), Deno.errors.NotFound, "nothing is made");
  });

  await t.step("files are missing: each is named with its key and line", async () => {
    assert.deepEqual(
      await check(
        `${start}tls-cert = 'no.pem'\ntls-key = 'downloads'\n` +
          "downloads = 'nowhere'\nready-file = 'no/ready'\nhttp = ['unix:/no/socket', ':8080']\n",
      ),
      [
        1,
        wrong(3, `tls-cert: cannot read "${at("no.pem")}": there is no such file`) +
        wrong(4, `tls-key: cannot read "${at("downloads")}": it is a directory`) +
        wrong(5, `downloads: cannot read "${at("nowhere")}": there is no such directory`) +
        wrong(6, `ready-file: cannot write "${at("no/ready")}": there is no such directory`) +
        wrong(7, 'http: cannot read "/no": there is no such directory'),
      ],
    );
  });

  await t.step("certificate and key are none, or do not belong together", async () => {
    const [, mismatch] = await check(whole.replace("key.pem", "other.pem"));
    assert.equal(
      mismatch,
      wrong(4, `tls-key: Cannot use ${at("other.pem")}: it is not the key of ${at("cert.pem")}`),
    );
    const [code, none] = await check(whole.replace("cert.pem", "password"));
    assert.equal(
      none,
      wrong(3, `tls-cert: Cannot use ${at("password")}: it holds no PEM certificate`),
    );
    assert.equal(code, 1);
  });

  await t.step("a password's file that cannot be read, as when it starts", async () => {
    const [code, text] = await check(whole.replace("'password'", "'no'"));
    assert.equal(code, 2);
    assert.match(text, /crunch\.toml, line 6: relay\.admin-password-file: cannot read "\/.*\/no"/);
  });

  await t.step("the data directory lies below a file", async () => {
    const [code, text] = await check(whole.replace("'data'", "'password/data'"));
    assert.equal(code, 1);
    assert.match(text, /^crunch relay: crunch\.toml, line 7: data: .*password/);
  });

  await t.step("a flag is named as one", async () => {
    assert.deepEqual(await check(whole, "--downloads", "nowhere"), [
      1,
      `crunch relay: --downloads: cannot read "${at("nowhere")}": there is no such directory\n`,
    ]);
  });

  await t.step("what has no effect yet is said", async () => {
    household.write("crunch.toml", `${whole}connect-timeout = '1s'\n`);
    const process = household.crunch(["relay", "--check", "--config", "crunch.toml"]);
    assert.equal(await process.exit, 0);
    assert.match(
      process.stdout,
      /^# --connect-timeout has no effect yet: .*no origin is dialled$/m,
    );
  });
});

Deno.test("check: of an agent's settings", async (t) => {
  await using household = new Household();
  const at = (name: string): string => household.path(name);
  household.write("site/index.html", "here");
  household.write("ca.pem", certify({ names: ["some authority"], authority: true }).certificate);
  const check = async (toml: string, ...args: string[]): Promise<[number, string]> => {
    household.write("crunch.toml", toml);
    const process = household.crunch(["agent", "--check", "--config", "crunch.toml", ...args]);
    const code = await process.exit;
    assert.equal(process.stdout.endsWith(WELL), code === 0, process.all);
    return [code, process.stderr];
  };

  await t.step("all is well", async () => {
    const toml = "[agent]\nrelay-ca = 'ca.pem'\n[[agent.publish]]\nname = 'one'\ndir = 'site'\n";
    assert.deepEqual(await check(toml), [0, ""]);
  });

  await t.step("authorities and directories are named with key and line", async () => {
    const toml = "[agent]\nrelay-ca = 'site/index.html'\n[[agent.publish]]\nname = 'one'\n" +
      "dir = 'site'\n[[agent.publish]]\nname = 'two'\ndir = ['site', '/x=sight']\n";
    const [code, text] = await check(toml);
    assert.equal(code, 1);
    const [first, second, end] = text.split("\n");
    assert.equal(
      first,
      `crunch agent: crunch.toml, line 2: relay-ca: cannot use ${at("site/index.html")}: ` +
        "it holds no PEM certificate",
    );
    assert.match(
      second!,
      /^crunch agent: crunch\.toml, line 8: dir: Cannot publish \/.*\/sight: there is/,
    );
    assert.equal(end, "");
  });

  await t.step("what stands beside a flag is left out", async () => {
    const toml = "[[agent.publish]]\nname = 'one'\ndir = 'sight'\n";
    assert.deepEqual(await check(toml, "--dir", "site"), [0, ""]);
    const [code, text] = await check(toml, "--dir", "sight");
    assert.equal(code, 1);
    assert.match(text, /^crunch agent: --dir: Cannot publish \/.*\/sight: /);
  });

  await t.step("the home directory would be published", async () => {
    const process = household.crunch(["agent", "--check"], { cwd: household.path("home") });
    assert.equal(await process.exit, 1);
    assert.match(process.stderr, /would publish the home directory/);
  });
});

Deno.test("check: of both", async () => {
  await using household = new Household();
  const process = household.crunch(["both", "--check", "--dir", "no", "--downloads", "nowhere"]);
  assert.equal(await process.exit, 1);
  assert.match(process.stderr, /^crunch both: --downloads: .*\ncrunch both: --dir: .*\n$/);
});
