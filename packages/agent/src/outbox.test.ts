import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { anything, parseJson, table, text } from '@kedge/core/parse';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLog } from './log.ts';
import { deliver, enqueue } from './outbox.ts';
import type { Report } from './report.ts';
import { type TemporaryDevice, temporaryDevice } from './testing/temporary-device.ts';

let place: TemporaryDevice;
let server: Server;
let received: unknown[];
let answers: number[];
let report_to: string;

beforeEach(async () => {
  place = await temporaryDevice();
  received = [];
  answers = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      received.push(parseJson(table(text(), anything), body, 'body')['id']);
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  report_to = `report_to: ${await listen(server)}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await place.close();
});

describe('the outbox', () => {
  test('sends what waits, oldest first, and keeps nothing that was acknowledged', async () => {
    const device = await place.open(report_to);
    for (const id of ['b', 'a', 'c']) await enqueue(device, reportNamed(id));
    await deliver(device);
    expect(received).toEqual(['a', 'b', 'c']);
    expect(waiting()).toEqual([]);
  });

  test.each([500, 404, 302])('keeps what the server answers with %i, and sends nothing past it', async (status) => {
    const device = await place.open(report_to);
    for (const id of ['a', 'b']) await enqueue(device, reportNamed(id));
    answers = [status];
    await deliver(device);
    expect(received).toEqual(['a']);
    expect(waiting()).toEqual(['a.json', 'b.json']);
    await deliver(device);
    expect(received).toEqual(['a', 'a', 'b']);
    expect(waiting()).toEqual([]);
  });

  test('outlives a restart, with a server that cannot be reached meanwhile', async () => {
    const before = await place.open('report_to: http://127.0.0.1:1/');
    await enqueue(before, reportNamed('a'));
    await deliver(before);
    expect(waiting()).toEqual(['a.json']);
    expect(await events(before)).toContain('report_waits');
    await deliver(await place.open(report_to));
    expect(received).toEqual(['a']);
    expect(waiting()).toEqual([]);
  });

  test('drops a half-written report with a line in the log, and delivers the others', async () => {
    const device = await place.open(report_to);
    for (const id of ['a', 'b']) await enqueue(device, reportNamed(id));
    truncateSync(join(device.paths.outbox, 'a.json'), 10);
    writeFileSync(join(device.paths.outbox, 'c.json.tmp'), '{');
    await deliver(device);
    expect(received).toEqual(['b']);
    expect(waiting()).toEqual(['c.json.tmp']);
    expect(await events(device)).toContain('report_damaged');
  });

  test('holds the same report once, and the newest thousand', async () => {
    const device = await place.open(report_to);
    for (const id of ['z', 'z']) await enqueue(device, reportNamed(id));
    expect(waiting()).toEqual(['z.json']);
    for (let count = 0; count < 1_000; count += 1) {
      writeFileSync(join(device.paths.outbox, `r${String(count).padStart(3, '0')}.json`), '');
    }
    await enqueue(device, reportNamed('z'));
    expect(waiting()).toHaveLength(1_000);
    expect(waiting().at(0)).toBe('r001.json');
    expect(await events(device)).toContain('report_dropped');
  });

  test('is not used where reports go nowhere', async () => {
    const device = await place.open();
    await enqueue(device, reportNamed('a'));
    await deliver(device);
    expect(readdirSync(place.folder)).not.toContain('outbox');
  });

  test('leaves no connection behind that would hold up the next report', async () => {
    const device = await place.open(report_to);
    for (let count = 10; count < 30; count += 1) await enqueue(device, reportNamed(`r${count}`));
    const began_ms = performance.now();
    await deliver(device);
    expect(received).toHaveLength(20);
    expect(performance.now() - began_ms).toBeLessThan(4_000);
  });
});

function waiting(): readonly string[] {
  return readdirSync(join(place.folder, 'outbox')).toSorted();
}

async function events(device: Parameters<typeof enqueue>[0]): Promise<readonly string[]> {
  return (await readLog({ ...device, path: device.paths.log }, 100)).map(({ event }) => event);
}

function reportNamed(id: string): Report {
  return {
    id,
    device_id: 'device-1',
    product: 'tiny',
    at: '2026-01-20T08:00:00Z',
    kind: 'updated',
    from: null,
    to: '1.0.0',
    stage: 'commit',
    reasons: [],
    obstacle: null,
    warnings: [],
    lost_writes: null,
    waits_until: null,
    fetched_bytes: 0,
    stages: [],
  };
}

function listen(listener: Server): Promise<string> {
  return new Promise((done) => {
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      if (address !== null && typeof address !== 'string') done(`http://127.0.0.1:${address.port}/reports`);
    });
  });
}
