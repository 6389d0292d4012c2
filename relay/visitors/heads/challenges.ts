/** Makes what an agent asks a browser's password for its own, where browsers would share it with other names. @module */

/**
 * Schemes that browsers answer for a whole host, or by themselves with whom the user is on the machine (RFC 4559).
 * Digest is among them as it covers a host by default and computes with the realm, which cannot be changed on the way.
 */
const SHARED: ReadonlySet<string> = new Set(["digest", "kerberos", "negotiate", "ntlm"]);
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const PARAMETER = new RegExp(`^(${TOKEN})[ \\t]*=(?!=*$)[ \\t]*(.*)$`);
const CHALLENGE = new RegExp(`^(${TOKEN})(?:[ \\t]+(.*))?$`);

/**
 * A `WWW-Authenticate` value as it may pass on a path address: each realm begins with `name`, so that no browser takes
 * the password of one name for another's (RFC 9110 section 11.5). Null where nothing is left.
 */
export function ownChallenges(value: string, name: string): string | null {
  const challenges: { scheme: string; parameters: string[] }[] = [];
  for (const part of value.match(/(?:"(?:[^"\\]|\\.)*"?|[^,"])+/g) ?? []) {
    const text = part.trim();
    if (text === "") continue;
    const last = challenges.at(-1);
    if (last !== undefined && PARAMETER.test(text)) last.parameters.push(text);
    else {
      const [, scheme, first] = CHALLENGE.exec(text) ?? [];
      // What cannot be read is read by browsers as they like.
      if (scheme === undefined) return null;
      challenges.push({ scheme, parameters: first === undefined ? [] : [first] });
    }
  }
  const own = challenges.filter(({ scheme }) => !SHARED.has(scheme.toLowerCase()))
    .map(({ scheme, parameters }) => {
      const written = parameters.map((text) => ownRealm(text, name));
      const isBare = scheme.toLowerCase() === "basic" &&
        !parameters.some((text) => /^realm[ \t]*=/i.test(text));
      if (isBare) written.unshift(`realm="${name}"`);
      return written.length === 0 ? scheme : `${scheme} ${written.join(", ")}`;
    });
  return own.length === 0 ? null : own.join(", ");
}

/** Whether an answer asks for a Basic password. */
export function asksBasic(value: string): boolean {
  return /(?:^|,)[ \t]*basic\b/i.test(value);
}

function ownRealm(text: string, name: string): string {
  const [, key, value = ""] = PARAMETER.exec(text) ?? [];
  if (key?.toLowerCase() !== "realm") return text;
  const inner = value.startsWith('"') ? value.slice(1).replace(/"$/, "") : value;
  return `realm="${name}: ${inner}"`;
}
