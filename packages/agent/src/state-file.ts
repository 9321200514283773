/** A small JSON file that the agent must be able to believe: written atomically, with a format version and a checksum. */

import { digestOfText } from '@kedge/core/digest';
import { sha256Hex } from '@kedge/core/manifest';
import { anything, InvalidInput, object, oneOf, type Parser, parseJson } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { writeAtomic } from '@kedge/trust/atomic-file';
import { oneAtATime } from './one-at-a-time.ts';

export type Reading<T> =
  | { readonly kind: 'absent' }
  /** Half written, changed by hand, or of a format that this agent does not know. */
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'read'; readonly value: T };

export type StateFile<T> = {
  read(): Promise<Reading<T>>;
  /** Durable on return. */
  write(value: T): Promise<void>;
  /**
   * Writes what is made of the value that is there, or of `otherwise` where none can be read, and returns it. Nobody else
   * writes in between.
   */
  change(otherwise: T, make: (before: T) => T): Promise<T>;
};

const size_bytes_max = 4 * 1024 * 1024;

/** @param format the name and version of the format, as `kedge-journal/1` */
export function stateFile<T>(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  path: string,
  format: string,
  content: Parser<T>,
): StateFile<T> {
  const { disk } = ports;
  // Two at once would share one temporary file.
  const inTurn = oneAtATime();

  async function read(): Promise<Reading<T>> {
    const bytes = await disk.read(path, size_bytes_max);
    if (!bytes) return { kind: 'absent' };
    try {
      return { kind: 'read', value: decode(ports.sha256, format, content, new TextDecoder().decode(bytes)) };
    } catch (error) {
      if (error instanceof InvalidInput) return { kind: 'damaged', problem: `${path}: ${error.message}` };
      throw error;
    }
  }

  async function write(value: T): Promise<void> {
    await writeAtomic(disk, path, new TextEncoder().encode(encode(ports.sha256, format, value)), 0o600);
  }

  return {
    read,
    write: (value) => inTurn(() => write(value)),
    change: (otherwise, make) =>
      inTurn(async () => {
        const reading = await read();
        const value = make(reading.kind === 'read' ? reading.value : otherwise);
        await write(value);
        return value;
      }),
  };
}

function encode(sha256: Sha256, format: string, content: unknown): string {
  return `${JSON.stringify({ format, checksum: checksum(sha256, content), content }, null, 1)}\n`;
}

function decode<T>(sha256: Sha256, format: string, content: Parser<T>, text: string): T {
  const envelope = parseJson(object({ format: oneOf(format), checksum: sha256Hex, content: anything }), text, 'file');
  if (checksum(sha256, envelope.content) !== envelope.checksum) {
    throw new InvalidInput('checksum', 'does not match the content');
  }
  return content.parse(envelope.content, 'content');
}

function checksum(sha256: Sha256, content: unknown): string {
  return digestOfText(sha256, JSON.stringify(content));
}
