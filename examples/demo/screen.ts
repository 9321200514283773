/** What the demo shows: moving lines on a terminal, plain lines in a pipe, or JSON lines for programs. */

import type { AgentEvent } from '@kedge/agent/device';
import type { Report } from '@kedge/agent/report';
import { stages } from '@kedge/core/stage';
import { type Row, tableOf } from './table.ts';

export type Screen = {
  scene(number: number, title: string): void;
  /** Something that was looked at and found to be so. */
  fact(text: string): void;
  event(product: string, event: AgentEvent): void;
  /** Processes that the demo has started and will end. */
  started(product: string, pids: readonly number[]): void;
  end(summary: Summary): void;
};

export type Summary = {
  readonly rows: readonly Row[];
  /** What the recorder's device says of itself. */
  readonly explain: readonly string[];
  readonly duration_ms: number;
  /** Where everything still is, if it is. */
  readonly kept: string | null;
};

export type Terminal = { write(text: string): unknown };

type Out = (line: string) => void;

export function jsonScreen(out: Out): Screen {
  const tell = (kind: string, fields: object): void => out(JSON.stringify({ kind, ...fields }));
  return {
    scene: (number, title) => tell('scene', { number, title }),
    fact: (text) => tell('fact', { text }),
    event: (product, event) => tell('event', { product, event }),
    started: (product, pids) => tell('started', { product, pids }),
    end: (summary) => tell('result', { ok: true, ...summary }),
  };
}

export function plainScreen(out: Out): Screen {
  return {
    ...sharedLines(out),
    event(product, event) {
      if (event.kind === 'stage_finished') {
        out(`  ${product.padEnd(14)} ${event.stage.padEnd(9)} ${seconds(event.duration_ms)}`);
      } else if (event.kind === 'report') out(`  ${headline(event.report)}`);
    },
  };
}

/** One line for each update, drawn anew while it goes on. */
export function terminalScreen(out: Out, terminal: Terminal): Screen {
  let stage = '';
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) terminal.write('\r\u001b[2K');
    isDrawn = false;
  };
  const draw = (product: string, share: number, label: string): void => {
    terminal.write(`\r\u001b[2K  ${product.padEnd(14)} ${bar(share)} ${label}`);
    isDrawn = true;
  };
  const outClear = (line: string): void => {
    clear();
    out(line);
  };
  return {
    ...sharedLines(outClear),
    event(product, event) {
      if (event.kind === 'stage_started') {
        const found = stages.find(({ name }) => name === event.stage);
        stage = found ? `${found.number}/${stages.length} ${found.label}` : event.stage;
        draw(product, ((found?.number ?? 1) - 1) / stages.length, stage);
      } else if (event.kind === 'progress') {
        draw(product, event.done_bytes / event.total_bytes, `${stage}, ${megabytes(event.done_bytes)}`);
      } else if (event.kind === 'report') outClear(`  ${headline(event.report)}`);
    },
  };
}

function sharedLines(out: Out): Omit<Screen, 'event'> {
  return {
    scene(number, title) {
      out('');
      out(`${number}. ${title}`);
    },
    fact: (text) => out(`  ok: ${text}`),
    started: () => {},
    end({ rows, explain, duration_ms, kept }) {
      out('');
      out('What the device of the recorder says of itself (kedge agent explain):');
      for (const line of explain) out(`  ${line}`);
      if (kept !== null) {
        out('');
        out(`All of it is in ${kept}; ask the device again with`);
        out(`  ./kedge agent explain --config ${kept}/recorder/kedge.yaml`);
      }
      out('');
      for (const line of tableOf(rows)) out(line);
      out(`All of it took ${seconds(duration_ms)}.`);
    },
  };
}

function headline({ kind, product, from, to, reasons }: Report): string {
  const versions = to === null ? '' : from === null ? ` ${to}` : ` ${from} -> ${to}`;
  const why = kind === 'updated' ? '' : `: ${reasons[0] ?? ''}`;
  return `${product.padEnd(14)} ${kind.replaceAll('_', ' ')}${versions}${why}`;
}

const bar_length = 24;

function bar(share: number): string {
  const done = Math.round(Math.min(1, share) * bar_length);
  return `${'█'.repeat(done)}${'░'.repeat(bar_length - done)}`;
}

function seconds(duration_ms: number): string {
  return `${(duration_ms / 1000).toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
