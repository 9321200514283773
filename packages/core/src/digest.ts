import type { Sha256 } from './ports.ts';

/** Lower case hex. */
export function digestOf(sha256: Sha256, bytes: Uint8Array): string {
  const hash = sha256();
  hash.update(bytes);
  return hash.hex();
}

/** Of its UTF-8 bytes. */
export function digestOfText(sha256: Sha256, text: string): string {
  return digestOf(sha256, new TextEncoder().encode(text));
}
