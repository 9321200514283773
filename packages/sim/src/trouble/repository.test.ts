import { update } from '@kedge/agent/update';
import type { Clock, Net } from '@kedge/core/ports';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeNet } from '@kedge/trust/os/net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../testing/world.ts';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

let owner: Owner;
beforeAll(async () => {
  owner = await ownerOfInstalled();
  await owner.world.publish({ version: '1.1.0', counter: 2, salt: 'x'.repeat(5_000) });
});
afterAll(async () => {
  owner.world.answerWith(undefined);
  await owner.expectNothingLost();
  await owner.close();
});

const page = '<!doctype html><title>Welcome to the hotel</title>';
const endless: Answer = (_, response) => {
  const more = (): unknown => response.writable && response.write(Buffer.alloc(65_536), more);
  response.writeHead(200);
  more();
};

describe('a repository', () => {
  const troubles: readonly (readonly [string, Answer, RegExp])[] = [
    [
      'HTML',
      (_, response) => response.end(page),
      /root\.json: .*: not a repository's file; check the source's address$/,
    ],
    [
      'a login page elsewhere',
      (_, response) => response.writeHead(302, { location: 'http://hotel/' }).end(),
      /is redirected to http:\/\/hotel\/: a login page, or name that address instead$/,
    ],
    [
      '404',
      (_, response) => response.writeHead(404).end(),
      /there is no repository at http:.*: check the source's address$/,
    ],
    ['500', (_, response) => response.writeHead(500).end(), /answers 500: try again later$/],
    ['an empty file', (_, response) => response.end(), /is empty: the source's disk may be full$/],
    [
      'nothing but a closed connection',
      (request) => request.socket.destroy(),
      /socket hang up: check the network and the address$/,
    ],
    ['too much', endless, /is longer than the \d+ bytes it may have$/],
  ];

  test.each(troubles)('that answers %s is one line, exit code 5, and changes nothing', async (_, answer, line) => {
    owner.world.answerWith(answer);
    const { code, out } = await owner.kedge('check');
    expect({ code, lines: out.length, first: out[0] }).toEqual({ code: 5, lines: 2, first: 'blocked' });
    expect(out[1]).toMatch(line);
    await owner.expectWorking('1.0.0');
  });

  test('whose server is gone is one line and exit code 5', async () => {
    owner.configure('', { repository: 'http://127.0.0.1:1' });
    const { code, out } = await owner.kedge('check');
    owner.configure('');
    expect({ code, out }).toEqual({
      code: 5,
      out: ['blocked', expect.stringMatching(/ECONNREFUSED 127\.0\.0\.1:1: check the network and the address$/)],
    });
    await owner.expectWorking('1.0.0');
  });
});

describe('an artifact', () => {
  const troubles: readonly (readonly [string, Answer, RegExp, number])[] = [
    [
      '404',
      (_, response) => response.writeHead(404).end(),
      /artifacts\/.* answered 404: try another source, or later$/,
      5,
    ],
    [
      '500',
      (_, response) => response.writeHead(500).end(),
      /artifacts\/.* answered 500: try another source, or later$/,
      5,
    ],
    [
      'half of it',
      (_, response) => response.end('half'),
      /artifacts\/.* ended after 4 of \d+ bytes: try another source, or later$/,
      5,
    ],
    [
      'nothing but a closed connection',
      (request) => request.socket.destroy(),
      /artifacts\/.*: socket hang up: try another source, or later$/,
      5,
    ],
    ['too much', endless, /artifacts\/.* sends more than \d+ bytes: try another source, or later$/, 5],
  ];

  test.each(troubles)(
    'that is answered with %s is one line, its exit code, and changes nothing',
    async (_, answer, line, expected) => {
      owner.world.answerWith(only(/^\/artifacts\//, answer));
      const { code, out } = await owner.kedge('check');
      expect({ code, lines: out.length, first: out[0] }).toEqual({ code: expected, lines: 2, first: 'failed 1.1.0' });
      expect(out[1]).toMatch(line);
      await owner.expectWorking('1.0.0');
    },
  );

  test('of the right length and another content is refused after three tries, exit code 4', async () => {
    let tries = 0;
    owner.world.answerWith(
      only(/^\/artifacts\//, (request, response) => {
        tries += 1;
        response.end(Buffer.alloc(owner.world.bytesOf(new URL(request.url ?? '', 'http://any').pathname).length));
      }),
    );
    const { code, out } = await owner.kedge('check');
    expect({ code, tries, first: out[0] }).toEqual({ code: 4, tries: 3, first: 'refused 1.1.0' });
    expect(out[1]).toMatch(/is not what was signed, 3 times: the source is damaged or hostile/);
    await owner.expectWorking('1.0.0');
  });
});

describe('a source that is too slow', () => {
  const asked = { kind: 'asked', wanted: null } as const;

  test.each([
    ['never answers', () => undefined, /no answer within \d+ ms: try again later$/],
    [
      'stops in the middle',
      (_, response) => response.writeHead(200).write('{'),
      /no data for \d+ ms: try again later$/,
    ],
    ['drips', drip, /the source is too slow: try again later, or another source$/],
  ] satisfies [string, Answer, RegExp][])('and %s is left after its time', async (_, answer, line) => {
    owner.world.answerWith(answer);
    const { device, cutPower } = await owner.world.boot({ net: impatient(nodeNet()), clock: racing });
    const report = await update(device, asked);
    await device.log.close();
    await cutPower();
    expect(report).toMatchObject({ kind: 'blocked', obstacle: 'unreachable', reasons: [expect.stringMatching(line)] });
  });

  test('while it drips an artifact is left below the lowest rate, and what came is kept', async () => {
    owner.world.answerWith(only(/^\/artifacts\//, drip));
    const { device, cutPower } = await owner.world.boot({ net: impatient(nodeNet()), clock: racing });
    const report = await update(device, asked);
    await device.log.close();
    await cutPower();
    expect(report).toMatchObject({
      kind: 'failed',
      obstacle: 'unreachable',
      reasons: [expect.stringMatching(/gives less than 512 bytes a second: try another source, or later$/)],
    });
    expect(report.fetched_bytes).toBeGreaterThan(0);
  });
});

/** Trouble for some paths, the repository's files for the others. */
function only(paths: RegExp, answer: Answer): Answer {
  return (request, response) => (paths.test(request.url ?? '') ? answer : owner.world.serve)(request, response);
}

function drip(...[request, response]: Parameters<Answer>): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 10);
  request.socket.on('close', () => clearInterval(timer));
}

/** Waits for a fiftieth of the time. */
function impatient(net: Net): Net {
  return {
    request: (request) =>
      net.request({
        ...request,
        answer_timeout_ms: request.answer_timeout_ms / 50,
        idle_timeout_ms: request.idle_timeout_ms / 50,
      }),
  };
}

/** A minute takes 60 ms. */
const racing: Clock = { ...systemClock, monotonic_ms: () => systemClock.monotonic_ms() * 1_000 };
