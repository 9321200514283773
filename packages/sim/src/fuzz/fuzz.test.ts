import { anything, integer, parseJson, table, text } from '@kedge/core/parse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTargets } from './all-targets.ts';
import { fuzz } from './fuzz.ts';
import { judge } from './judge.ts';
import { pastFindings } from './past-findings.ts';
import { decode, encode, refusing, type Target } from './target.ts';

let targets: readonly Target[] = [];
beforeAll(async () => {
  targets = await openTargets();
});
afterAll(async () => {
  for (const target of targets) await target.close();
});

function targetNamed(name: string): Target {
  const target = targets.find((one) => one.name === name);
  if (!target) throw new Error(`there is no target ${name}`);
  return target;
}

describe('every parser answers whatever it is given with a value or with one line', () => {
  const quick = [
    'manifest',
    'revocations',
    'release file',
    'key file',
    'configuration',
    'local API bodies',
    'journal',
    'installed',
    'owner',
    'trouble',
    'lately',
    'version floor',
    'log',
    'tar',
    'zstd',
    'local API',
  ];
  test.each(quick)(
    '%s',
    async (name) => {
      const { inputs, answers, findings } = await fuzz(targetNamed(name), 1, (inputs) => inputs < 250);
      expect(findings.map(({ problem, input }) => `${problem}: ${decode(input).slice(0, 500)}`)).toEqual([]);
      expect(inputs).toBe(250);
      if (name !== 'version floor') expect(answers).toBeGreaterThan(2);
    },
    60_000,
  );

  test.each(['root', 'timestamp', 'snapshot', 'targets', 'stable', 'revocations'])(
    'metadata %s',
    async (role) => {
      const { answers, findings } = await fuzz(targetNamed(`metadata ${role}`), 1, (inputs) => inputs < 30);
      expect(findings.map(({ problem, input }) => `${problem}: ${decode(input).slice(0, 500)}`)).toEqual([]);
      expect(answers).toBeGreaterThan(3);
    },
    60_000,
  );
});

test.each(pastFindings.map((finding) => [finding.target, finding.was, finding] as const))(
  '%s: what was once answered by %s is answered as it should be',
  async (name, _, { input }) => {
    const { kind } = await judge(targetNamed(name), input);
    expect(['accepted', 'refused']).toContain(kind);
  },
);

describe('the fuzzer finds', () => {
  const fields = table(text({ length_max: 100_000 }), anything);
  const targetThat = (run: (value: { readonly [name: string]: unknown }) => unknown): Target => ({
    name: 'ill',
    seeds: [encode('{"name":"good","list":[1,2,3]}')],
    run: (input) => refusing(['InvalidInput', 'Clumsy'], () => run(parseJson(fields, decode(input), 'input'))),
    close: async () => {},
  });
  const problemsOf = async (target: Target) => {
    const { findings } = await fuzz(target, 1, (inputs) => inputs < 2_000);
    return findings.map(({ problem }) => problem).join('\n');
  };

  test('a parser that throws what nobody expects', async () => {
    expect(await problemsOf(targetThat(({ name }) => Object(name).at(0)))).toMatch(/threw TypeError/);
  });

  test('a message of several lines, and one without end', async () => {
    const clumsy = targetThat((value) => {
      const unknown = Object.keys(value).find((name) => name !== 'name' && name !== 'list');
      if (unknown !== undefined) throw Object.assign(new Error(`${unknown} is not known here`), { name: 'Clumsy' });
    });
    const problems = await problemsOf(clumsy);
    expect(problems).toMatch(/says more than a line/);
    expect(problems).toMatch(/says too much/);
  });

  test('a prototype that is changed', async () => {
    const careless = targetThat((value) => {
      if (!Object.hasOwn(value, '__proto__')) return;
      // As a careless merge of options does.
      Reflect.set(Object.getPrototypeOf({}), 'polluted', true);
    });
    const problems = await problemsOf(careless);
    Reflect.deleteProperty(Object.prototype, 'polluted');
    expect(problems).toMatch(/prototype of all objects: polluted/);
  });

  test('a good input that is refused', async () => {
    const strict = targetThat((value) => integer({ min: 0 }).parse(value['name'], 'name'));
    expect(await problemsOf(strict)).toMatch(/refused a good input: name: must be a whole number/);
  });

  test('the same with the same seed', async () => {
    const once = await fuzz(targetNamed('manifest'), 7, (inputs) => inputs < 100);
    expect(await fuzz(targetNamed('manifest'), 7, (inputs) => inputs < 100)).toEqual(once);
  });
});
