/** Bytes in JSON: standard base64 with padding (RFC 4648 section 4). @module */

export function encodeBase64(bytes: Uint8Array): string {
  return (bytes as Uint8Array & { toBase64(): string }).toBase64();
}

/** Null for what is no base64. */
export function decodeBase64(text: string): Uint8Array | null {
  try {
    return (Uint8Array as unknown as { fromBase64(text: string): Uint8Array }).fromBase64(text);
  } catch {
    return null;
  }
}
