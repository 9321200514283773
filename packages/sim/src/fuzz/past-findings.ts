/** Inputs that a parser once answered as it never should: each is answered with a value or one line for good. */

import { zerosFrame } from '@kedge/agent/testing/tar-writer';
import { sampleRevocations } from './samples.ts';
import { encode } from './target.ts';

export type PastFinding = { readonly target: string; readonly was: string; readonly input: Uint8Array };

const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
const finding = (target: string, was: string, input: string | Uint8Array): PastFinding => {
  return { target, was, input: typeof input === 'string' ? encode(input) : input };
};

export const pastFindings: readonly PastFinding[] = [
  finding('manifest', 'a RangeError, which ended the agent', `{"format":${deep}}`),
  finding('revocations', 'a RangeError, which ended the agent', deep),
  finding('release file', 'a RangeError', `{"migrations":${deep}}`),
  finding('journal', 'a RangeError, which kept the agent from starting', `{"kind":"STAGED","backup":${deep}}`),
  finding('trouble', 'a RangeError, which kept the agent from starting', deep),
  finding('log', 'a RangeError', deep),
  finding('manifest', 'a message as long as the name', `{"${'x'.repeat(9_000)}":1}`),
  finding('manifest', 'a message of several lines', '{"a\\nb":1}'),
  finding('local API bodies', 'a message that moves the cursor', '{"\\u001b[2J":1}'),
  finding('revocations', 'a value that is another one when it is written again', minusZero()),
  finding('configuration', 'a ReferenceError', 'variables: { port: *nowhere }'),
  finding('configuration', 'a RangeError', `a: ${'['.repeat(20_000)}`),
  finding('configuration', 'a message with a control character', '"\\u007f": 1'),
  finding('zstd', '"Premature close", by where a chunk happened to end', twoFrames()),
  finding(
    'local API',
    'a line in the log of the agent',
    'POST /check HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\n',
  ),
];

function minusZero(): string {
  return JSON.stringify({ ...sampleRevocations, sequence: 'N' }).replace('"N"', '-0');
}

function twoFrames(): Uint8Array {
  const frame = zerosFrame(1_000);
  return new Uint8Array([...frame, ...frame, ...new Uint8Array(700)]);
}
