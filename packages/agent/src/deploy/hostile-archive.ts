import { printable } from '@kedge/core/printable';

/** An archive that no honest publisher makes. The message is one line that says where it is hostile. */
export class HostileArchive extends Error {
  /** @param entry null: the archive as a whole */
  constructor(entry: string | null, problem: string, options?: ErrorOptions) {
    const where = entry === null ? 'the archive' : `${JSON.stringify(entry.slice(0, 200))} in the archive`;
    super(`${printable(`${where} ${problem}`, 600)}; do not install this release`, options);
    this.name = 'HostileArchive';
  }
}
