/** No update is in flight any more, and the journal can be read. */

import type { Checker } from './checker.ts';

export const journalSettled: Checker = async ({ device }) => {
  const reading = await device.journal.read();
  if (reading.kind === 'damaged') return `the journal is damaged: ${reading.problem}`;
  if (reading.kind === 'absent' || reading.value.kind === 'COMPLETE') return undefined;
  return `the journal still says ${reading.value.kind}`;
};
