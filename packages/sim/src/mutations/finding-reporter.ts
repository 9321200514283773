/** A reporter for Vitest that says no more than what a detector has to say. */

import type { Reporter, TestModule } from 'vitest/node';
import { type Finding, findingOf } from './finding.ts';

type TestError = { readonly name?: string | undefined; readonly message: string; readonly diff?: string | undefined };

export default class FindingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly TestError[]): void {
    const loading = modules.flatMap((module) => module.errors());
    const results = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result()));
    const ran = results.filter(({ state }) => state === 'passed' || state === 'failed');
    const failing = ran.flatMap(({ errors }) => errors ?? []);
    console.log(JSON.stringify(verdict(loading, [...failing, ...unhandled], ran.length)));
  }
}

function verdict(loading: readonly TestError[], failing: readonly TestError[], tests_run: number): Finding {
  const [broken] = loading;
  if (broken) return { kind: 'undecided', problem: `does not load: ${broken.message.split('\n')[0]}` };
  if (tests_run === 0) return { kind: 'undecided', problem: 'no test was run' };
  return findingOf(failing.map(sentenceOf));
}

/** With the first line that differs: the message alone abbreviates what was compared. */
function sentenceOf({ name = 'Error', message, diff = '' }: TestError): string {
  const [line = ''] = message.split('\n');
  const differing = /^[-+] {2,}(\S.*)$/m.exec(diff)?.[0].replace(/ +/, ' ');
  return `${name}: ${line}${differing === undefined ? '' : `, at ${differing}`}`;
}
