/** What the agent wrote itself and a broken disk, or somebody with an editor, gives back: no file may keep it from starting. */

import { isDeepStrictEqual } from 'node:util';
import { openJournal } from '@kedge/agent/journal/journal';
import { openLog, readLog, verifyLog } from '@kedge/agent/log';
import { openMemory } from '@kedge/agent/memory';
import type { StateFile } from '@kedge/agent/state-file';
import { digestOfText } from '@kedge/core/digest';
import type { JournalRecord } from '@kedge/core/journal';
import type { Clock, Disk } from '@kedge/core/ports';
import { readFloor } from '@kedge/trust/floor';
import { sha256 } from '@kedge/trust/os/sha256';
import { memoryDisk } from './memory-disk.ts';
import { sampleFloor, sampleInstalled, sampleJournal, sampleLately, sampleOwner, sampleTrouble } from './samples.ts';
import { decode, encode, type Outcome, type Target } from './target.ts';

const clock: Clock = { now_ms: () => 0, monotonic_ms: () => 0, sleep: async () => {} };
const memoryOf = (disk: Disk) => openMemory({ disk, sha256 }, '');

export const stateTargets: readonly Target[] = [
  stateTarget<JournalRecord>('journal', sampleJournal, (disk) => {
    const journal = openJournal({ disk, sha256 }, '/journal.json', () => {});
    return { read: journal.read, write: async (record) => void (await journal.amend(record)) };
  }),
  stateTarget('installed', [sampleInstalled], (disk) => memoryOf(disk).installed),
  stateTarget('owner', [sampleOwner], (disk) => memoryOf(disk).owner),
  stateTarget('trouble', [sampleTrouble], (disk) => memoryOf(disk).trouble),
  stateTarget('lately', [sampleLately], (disk) => memoryOf(disk).lately),
  {
    name: 'version floor',
    seeds: [encode(sealedFloor(sampleFloor))],
    async run(input) {
      const { disk } = memoryDisk({ '/floor.a.json': input });
      await readFloor({ disk, sha256, folder: '' });
      return { kind: 'accepted' };
    },
    close: async () => {},
  },
  { name: 'log', seeds: [await sampleLog()], run: runLog, close: async () => {} },
];

/** The input is the content, and the whole file besides: a checksum that is right leads further. */
function stateTarget<T>(
  name: string,
  samples: readonly unknown[],
  open: (disk: Disk) => Pick<StateFile<T>, 'read' | 'write'>,
): Target {
  const format = `kedge-${name}/1`;
  const path = `/${name}.json`;
  return {
    name,
    seeds: samples.map((sample) => encode(JSON.stringify(sample))),
    async run(input) {
      await open(memoryDisk({ [path]: input }).disk).read();
      const file = open(memoryDisk({ [path]: encode(sealed(format, decode(input))) }).disk);
      const reading = await file.read();
      if (reading.kind === 'absent') throw new Error('what is there was taken for absent');
      if (reading.kind === 'damaged') return { kind: 'refused', message: reading.problem };
      await file.write(reading.value);
      const again = await file.read();
      if (again.kind !== 'read' || !isDeepStrictEqual(again.value, reading.value)) {
        throw new Error('what was read says something else when it is written again');
      }
      return { kind: 'accepted' };
    },
    close: async () => {},
  };
}

function sealed(format: string, content: string): string {
  return `{"format":"${format}","checksum":"${digestOfText(sha256, compact(content))}","content":${content}}`;
}

/** As `JSON.stringify` writes it, where it can. */
function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

function sealedFloor(floor: unknown): string {
  return JSON.stringify({ sha256: digestOfText(sha256, JSON.stringify(floor)), floor });
}

async function sampleLog(): Promise<Uint8Array> {
  const { disk } = memoryDisk({});
  const log = await openLog({ disk, sha256, clock, path: '/log' });
  for (const event of ['look', 'report', 'look'])
    await log.append(event, { occasion: 'nudge', of: { some: ['things'] } });
  await log.close();
  return (await disk.read('/log', 100_000)) ?? new Uint8Array();
}

/** Whatever is in the file, it can be read, and written on. */
async function runLog(input: Uint8Array): Promise<Outcome> {
  const { disk } = memoryDisk({ '/log': input });
  const place = { disk, sha256, clock, path: '/log' };
  const verdict = await verifyLog(place);
  const lines = await readLog(place, 100);
  if (verdict.kind === 'intact' && lines.length !== Math.min(100, verdict.line_count)) {
    throw new Error('a line of an intact log was not read');
  }
  const log = await openLog(place);
  await log.append('after', {});
  await log.close();
  if ((await readLog(place, 1))[0]?.event !== 'after') throw new Error('what was appended is not the last line');
  return verdict.kind === 'intact' ? { kind: 'accepted' } : { kind: 'refused', message: verdict.problem };
}
