/** The agent's answers, in lines for people. */

import type { Report } from '@kedge/agent/report';
import {
  anything,
  type Infer,
  integer,
  list,
  number,
  object,
  parseWith,
  table,
  text,
  variants,
} from '@kedge/core/parse';
import { pin } from '@kedge/core/pin';

const lines = list(text({ length_max: 10_000 }));
const facts = table(text(), anything);
const ended = { exits: integer({ min: 0 }), last_exit: text() };
const appState = variants({
  stopped: {},
  running: { since_ms: number({ min: 0, max: Number.MAX_SAFE_INTEGER }), restarts: integer({ min: 0 }) },
  backing_off: ended,
  crash_loop: ended,
});
const logLines = list(object({ seq: anything, at: text(), event: text(), fields: facts }));

export function tellStatus(answer: unknown): readonly string[] {
  return Object.entries(parseWith(facts, answer, 'status')).map(([name, value]) => {
    return `${name.replaceAll('_', ' ').padEnd(14)} ${tellFact(name, value)}`;
  });
}

function tellFact(name: string, value: unknown): string {
  if (value === null) return '-';
  if (name === 'app') return tellApp(parseWith(appState, value, name));
  if (name === 'pinned_out') {
    const pins = parseWith(list(pin), value, name);
    return pins.map(({ version, pinned_at }) => `${version} since ${pinned_at}`).join(', ') || '-';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function tellApp(state: Infer<typeof appState>): string {
  switch (state.kind) {
    case 'stopped':
      return 'not started by this agent';
    case 'running':
      return `runs since ${new Date(state.since_ms).toISOString()}, ${state.restarts} restarts`;
    case 'backing_off':
      return `ended with ${state.last_exit}, ${state.exits} times; it is started again soon`;
    case 'crash_loop':
      return `ended with ${state.last_exit}, ${state.exits} times; it is not started again by itself`;
    default:
      return state satisfies never;
  }
}

export function tellExplanation(answer: unknown): readonly string[] {
  return parseWith(lines, answer, 'explanation');
}

export function tellHistory(answer: unknown): readonly string[] {
  return parseWith(logLines, answer, 'history').map(({ at, event, fields }) => {
    const told = Object.entries(fields).filter(([, value]) => value !== null && JSON.stringify(value) !== '[]');
    return [at, event, ...told.map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' ');
  });
}

export function tellReport(report: Report): readonly string[] {
  const { kind, reasons, warnings, lost_writes } = report;
  return [
    `${kind.replaceAll('_', ' ')}${versionsOf(report)}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...(lost_writes ? [`  what was written from ${lost_writes.from} to ${lost_writes.until} was lost`] : []),
  ];
}

/** In the order in which the device had them last: a roll back leads from the newer one. */
function versionsOf({ kind, from, to }: Report): string {
  if (to === null) return '';
  if (kind === 'rolled_back') return ` ${to} -> ${from ?? 'nothing'}`;
  return ` ${from === null ? '' : `${from} -> `}${to}`;
}
