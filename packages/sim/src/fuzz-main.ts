/** `./kedge sim --fuzz`: every parser is given what nobody should give it. */

import { type CommandIo, readArgs, UsageError } from '@kedge/cli/command';
import { openTargets } from './fuzz/all-targets.ts';
import { type Finding, fuzz as fuzzTarget } from './fuzz/fuzz.ts';
import { decode, type Target } from './fuzz/target.ts';

const options = {
  fuzz: { type: 'boolean' },
  json: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '1' },
  seed: { type: 'string', default: '1' },
  target: { type: 'string' },
} as const;

export async function fuzz(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readArgs(args, options, 0);
  const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
  if (!Number.isSafeInteger(seed)) throw new UsageError('the seed must be a whole number');
  if (!(minutes > 0)) throw new UsageError('the minutes must be a number above 0');
  const all = await openTargets();
  const targets = all.filter(({ name }) => values.target === undefined || name === values.target);
  try {
    if (targets.length === 0)
      throw new UsageError(`the target must be one of ${all.map(({ name }) => name).join(', ')}`);
    const each_ms = (minutes * 60_000) / targets.length;
    const totals = { inputs: 0, findings: 0 };
    for (const target of targets) {
      const { inputs, findings } = await fuzzOne(target, seed, each_ms, values.json ? undefined : io);
      totals.inputs += inputs;
      totals.findings += findings.length;
    }
    io.out(JSON.stringify({ ...totals, seed }));
    return totals.findings === 0 ? 0 : 1;
  } finally {
    for (const target of all) await target.close();
  }
}

async function fuzzOne(target: Target, seed: number, duration_ms: number, io: CommandIo | undefined) {
  const until_ms = performance.now() + duration_ms;
  const fuzzed = await fuzzTarget(target, seed, () => performance.now() < until_ms && io?.signal.aborted !== true);
  const { inputs, accepted, answers, findings } = fuzzed;
  io?.out(
    `${target.name.padEnd(22)} ${String(inputs).padStart(8)} inputs ${String(accepted).padStart(8)} accepted ` +
      `${String(answers).padStart(5)} different answers ${String(findings.length).padStart(3)} findings`,
  );
  for (const finding of findings) io?.out(tell(finding));
  return fuzzed;
}

function tell({ problem, input }: Finding): string {
  const text = decode(input);
  const readable = /^[\x20-\x7e\n]*$/.test(text) ? JSON.stringify(text) : Buffer.from(input).toString('base64');
  return `  ${problem.slice(0, 500)}\n    ${input.length} bytes: ${readable.slice(0, 2_000)}`;
}
