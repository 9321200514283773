/** The agent's answers, in lines for people. */

import type { Report } from '@kedge/agent/report';
import { anything, list, object, parseWith, table, text } from '@kedge/core/parse';

const lines = list(text({ length_max: 10_000 }));
const facts = table(text(), anything);
const logLines = list(object({ seq: anything, at: text(), event: text(), fields: facts }));

export function tellStatus(answer: unknown): readonly string[] {
  return Object.entries(parseWith(facts, answer, 'status')).map(([name, value]) => {
    const shown = typeof value === 'string' ? value : value === null ? '-' : JSON.stringify(value);
    return `${name.replaceAll('_', ' ').padEnd(14)} ${shown}`;
  });
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
