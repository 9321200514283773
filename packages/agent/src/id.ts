import type { Clock, Random } from '@kedge/core/ports';

/** A name that sorts by its time and is not given twice, as `20260120t080000z-3fa01c`. */
export function timedId(ports: { readonly clock: Clock; readonly random: Random }): string {
  const time = new Date(ports.clock.now_ms())
    .toISOString()
    .toLowerCase()
    .replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${Array.from(ports.random.bytes(3), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** The time in such a name, in UTC, or undefined when it is another one. */
export function timeOfId(id: string): string | undefined {
  const time = /^(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z-[0-9a-f]+$/.exec(id);
  return time ? `${time.slice(1, 4).join('-')}T${time.slice(4, 7).join(':')}Z` : undefined;
}
