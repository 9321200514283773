/** Every stage with an error in it: the trace, what a person is told, and that nothing is lost. */

import { createServer } from 'node:http';
import { createAgent } from '@kedge/agent/agent';
import type { Report } from '@kedge/agent/report';
import { update } from '@kedge/agent/update';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fault, type FaultyDisk, faultyDisk } from './testing/faulty-disk.ts';
import type { TinyRelease } from './testing/tiny-app.ts';
import { type Booted, createWorld, listen, type World } from './testing/world.ts';

let world: World;
let disk: FaultyDisk;
let booted: Booted;
beforeEach(async () => {
  world = await createWorld();
  disk = faultyDisk(nodeDisk);
  booted = await world.boot({ disk });
  await world.publish({ version: '1.0.0', counter: 1 });
  expect(await look()).toMatchObject({ kind: 'updated', to: '1.0.0' });
  await world.ask('kept', 'POST');
});
afterEach(() => world.close());

const asked = { kind: 'asked', wanted: null } as const;
const look = (): Promise<Report> => update(booted.device, asked);

/** The states and reports since the first install. */
const traceSince = (): readonly string[] => booted.trace().slice(11);

async function publish(wrong: Omit<TinyRelease, 'version' | 'counter'> = {}): Promise<void> {
  await world.publish({ version: '1.1.0', counter: 2, ...wrong });
}

async function lookWith(fault: Fault): Promise<Report> {
  disk.break(fault);
  const report = await look();
  disk.break(undefined);
  return report;
}

async function expectApp(version: string): Promise<void> {
  const { rows } = await world.askUntil(version);
  // Migration 0002 adds the stars.
  expect(rows).toEqual([version === '1.0.0' ? { id: 1, text: 'kept' } : { id: 1, text: 'kept', stars: 0 }]);
}

/** The old version answers with its rows, and the same release installs once the trouble is over. */
async function expectNothingLost(): Promise<void> {
  await expectApp('1.0.0');
  expect(await look()).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.1.0' });
  await expectApp('1.1.0');
}

/** The old version answers with its rows; the bad release is not tried again, and the next one installs. */
async function expectPinnedOut(): Promise<void> {
  await expectApp('1.0.0');
  const again = await look();
  expect(again).toMatchObject({ kind: 'refused', stage: 'evaluate' });
  expect(again.reasons.join(' ')).toContain('1.1.0 is not tried again here');
  await world.publish({ version: '1.2.0', counter: 3 });
  expect(await look()).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.2.0' });
  await expectApp('1.2.0');
}

const dropped = ['STAGING', 'COMPLETE', 'report dropped'];
const untilMigrating = ['STAGING', 'STAGED', 'MIGRATING'];
const untilSwitching = [...untilMigrating, 'MIGRATED', 'SWITCHING'];
const untilValidating = [...untilSwitching, 'SWITCHED', 'VALIDATING'];
const back = ['ROLLING_BACK', 'COMPLETE', 'report rolled_back'];

describe('an error in stage 1, discover', () => {
  test('the repository answers 500: nothing is looked at', async () => {
    await publish();
    world.answerWith((_, response) => response.writeHead(500).end());
    expect(await look()).toMatchObject({
      kind: 'blocked',
      stage: 'discover',
      reasons: [expect.stringContaining('500')],
    });
    expect(traceSince()).toEqual(['report blocked']);
    world.answerWith(undefined);
    await expectNothingLost();
  });

  test('the trusted metadata cannot be kept: nothing is looked at', async () => {
    await publish();
    const report = await lookWith({ operation: 'write', path: /trust\/metadata/, code: 'ENOSPC' });
    expect(report).toMatchObject({
      kind: 'failed',
      stage: 'discover',
      reasons: [expect.stringContaining('free some space')],
    });
    expect(traceSince()).toEqual(['report failed']);
    await expectNothingLost();
  });
});

test('an error in stage 2, evaluate: the disk cannot say what is free, and nothing is decided', async () => {
  await publish();
  const report = await lookWith({ operation: 'freeSpace', path: /./, code: 'EIO' });
  expect(report).toMatchObject({
    kind: 'failed',
    stage: 'evaluate',
    reasons: [expect.stringContaining('the disk failed')],
  });
  expect(traceSince()).toEqual(['report failed']);
  await expectNothingLost();
});

test('an error in stage 3, download: the disk fills up, and what came is gone on from', async () => {
  await publish();
  const report = await lookWith({ operation: 'write', path: /downloads/, code: 'ENOSPC' });
  expect(report).toMatchObject({
    kind: 'failed',
    stage: 'download',
    reasons: [expect.stringContaining('free some space')],
  });
  expect(traceSince()).toEqual(['report failed']);
  await expectNothingLost();
});

describe('an error in stage 4, verify', () => {
  test('a tampered artifact is fetched three times, then refused', async () => {
    await publish();
    const asked: string[] = [];
    world.answerWith((request, response) => {
      if (!request.url?.includes('/artifacts/')) return world.serve(request, response);
      asked.push(request.url);
      const bytes = world.bytesOf(request.url);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      return response.end(bytes);
    });
    expect(await look()).toMatchObject({
      kind: 'refused',
      stage: 'verify',
      reasons: [expect.stringContaining('3 times')],
    });
    expect(asked).toHaveLength(3);
    expect(traceSince()).toEqual(['report refused']);
    world.answerWith(undefined);
    await expectNothingLost();
  });

  test('the downloaded file cannot be read', async () => {
    await publish();
    const report = await lookWith({ operation: 'stream', path: /downloads/, code: 'EIO' });
    expect(report).toMatchObject({ kind: 'failed', stage: 'verify', reasons: [expect.stringContaining('check it')] });
    expect(traceSince()).toEqual(['report failed']);
    await expectNothingLost();
  });
});

test('an error in stage 5, prepare: the backup cannot be written, and nothing is begun', async () => {
  await publish();
  const report = await lookWith({ operation: 'open', path: /backups/, code: 'ENOSPC' });
  expect(report).toMatchObject({ kind: 'failed', stage: 'prepare' });
  expect(traceSince()).toEqual(['report failed']);
  await expectNothingLost();
});

describe('an error in stage 6, apply', () => {
  test('apply.stage: the disk fills up while unpacking; the app runs on', async () => {
    await publish();
    const report = await lookWith({ operation: 'write', path: /\.staging/, code: 'ENOSPC' });
    expect(report).toMatchObject({ kind: 'dropped', stage: 'apply' });
    expect(traceSince()).toEqual(dropped);
    await expectNothingLost();
  });

  test('apply.migrate: a migration fails half-way; it leaves no trace in the data', async () => {
    await publish({ migration: 'fails half-way' });
    expect(await look()).toMatchObject({ kind: 'rolled_back', stage: 'apply', lost_writes: null });
    expect(traceSince()).toEqual([...untilMigrating, ...back]);
    await expectPinnedOut();
  });

  test('apply.switch: the link cannot be renamed; program and data go back', async () => {
    await publish();
    const report = await lookWith({ operation: 'rename', path: /\/current$/, code: 'EIO' });
    // Going back needs the same rename, which fails as well: the next look goes on with it.
    expect(report).toMatchObject({ kind: 'unfinished', stage: 'commit' });
    expect(traceSince()).toEqual([...untilSwitching, 'ROLLING_BACK', 'report unfinished']);
    await createAgent(booted.device).recover();
    expect(traceSince().slice(-2)).toEqual(['COMPLETE', 'report rolled_back']);
    await expectNothingLost();
  });
});

describe('an error in stage 7, validate', () => {
  const wrongs = [
    [{ ill: 'answers 503' }, /answered 503/],
    [{ ill: 'never listens' }, /ECONNREFUSED|connection/i],
    [{ ill: 'exits' }, /exit code 3/],
    [{ ill: 'answers 503', migration: 'none' }, /answered 503/],
  ] as const;

  test.each(wrongs)('%j: program and data go back', async (wrong, reason) => {
    await publish(wrong);
    const report = await look();
    expect(report).toMatchObject({
      kind: 'rolled_back',
      stage: 'validate',
      from: '1.0.0',
      to: '1.1.0',
      lost_writes: null,
    });
    expect(report.reasons[0]).toMatch(reason);
    expect(traceSince()).toEqual([...untilValidating, ...back]);
    await expectPinnedOut();
  });
});

describe('an error in stage 8, commit or roll back', () => {
  test('commit: what is installed cannot be written down; the next start finishes it', async () => {
    await publish();
    const report = await lookWith({ operation: 'rename', path: /installed\.json$/, code: 'ENOSPC' });
    expect(report).toMatchObject({ kind: 'unfinished', stage: 'commit' });
    expect(traceSince()).toEqual([...untilValidating, 'VALIDATED', 'COMMITTING', 'report unfinished']);
    await createAgent(booted.device).recover();
    expect(traceSince().slice(-2)).toEqual(['COMPLETE', 'report updated']);
    await expectApp('1.1.0');
  });

  test.each(['has no way down', 'fails on the way down'] as const)(
    'roll back: the migration %s; the backup is restored and the lost writes are named',
    async (migration) => {
      await publish({ ill: 'answers 503', migration });
      const report = await look();
      expect(report).toMatchObject({ kind: 'rolled_back', stage: 'validate' });
      expect(report.lost_writes).toMatchObject({ from: expect.any(String), until: expect.any(String) });
      expect(traceSince()).toEqual([...untilValidating, ...back]);
      await expectPinnedOut();
    },
  );
});

describe('a device that is in trouble while the data goes back', () => {
  test.each(['ENOSPC', 'EBUSY'])('with %s, is tried again, and every row is kept', async (code) => {
    await publish({ ill: 'answers 503' });
    const trouble = async () => Promise.reject(Object.assign(new Error('not now'), { code }));
    const { device } = booted;
    const report = await update({ ...device, data: { ...device.data, migrateDown: trouble } }, asked);
    expect(report).toMatchObject({ kind: 'unfinished', stage: 'commit' });
    await createAgent(device).recover();
    expect(traceSince().slice(-2)).toEqual(['COMPLETE', 'report rolled_back']);
    await expectPinnedOut();
  });
});

test('an error in stage 9, report: an update whose report is not acknowledged is an update, and is reported later', async () => {
  const received: string[] = [];
  let status = 500;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(`${status} ${JSON.parse(Buffer.concat(chunks).toString()).kind}`);
      response.writeHead(status).end();
    });
  });
  const port = await listen(server);
  booted = await world.boot({}, `report_to: http://127.0.0.1:${port}/reports\n`);
  await publish();
  expect(await look()).toMatchObject({ kind: 'updated' });
  status = 200;
  await look();
  await look();
  server.closeAllConnections();
  server.close();
  expect(received).toEqual(['500 updated', '200 updated']);
  await expectApp('1.1.0');
});
