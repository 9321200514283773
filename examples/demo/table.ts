/** The table that the demo ends with: what each update cost. */

import type { Report } from '@kedge/agent/report';
import { stages } from '@kedge/core/stage';

export type Row = {
  readonly product: string;
  readonly from: string | null;
  readonly to: string | null;
  /** What was particular. */
  readonly note: string | null;
  /** As the report calls it, or `killed`. */
  readonly outcome: Report['kind'] | 'killed';
  readonly fetched_bytes: number;
  readonly stages: Report['stages'];
  /** As the app's own clients saw it. Null: there was no app before. */
  readonly downtime_ms: number | null;
  /** The same app stopped and started again with no update at all. Null: not measured for this row. */
  readonly bare_restart_ms: number | null;
};

export function rowOf(report: Report, downtime_ms: number | null, note: string | null = null): Row {
  const { product, from, to, kind, fetched_bytes, stages } = report;
  return { product, from, to, note, outcome: kind, fetched_bytes, stages, downtime_ms, bare_restart_ms: null };
}

export function tableOf(rows: readonly Row[]): readonly string[] {
  const measured = new Set(rows.flatMap((row) => row.stages.map(({ name }) => name)));
  const columns = stages.map(({ name }) => name).filter((name) => measured.has(name));
  const head = ['update', 'outcome', 'fetched', ...columns, 'downtime', 'bare restart'];
  const cells = [head, ...rows.map((row) => cellsOf(row, columns))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

function cellsOf(row: Row, columns: readonly string[]): readonly string[] {
  const { product, from, to, note, outcome, fetched_bytes, downtime_ms, bare_restart_ms } = row;
  const times = new Map(row.stages.map(({ name, duration_ms }) => [name, duration_ms]));
  return [
    [product, from, from !== null && to !== null ? '->' : null, to, note && `(${note})`]
      .filter((word) => word !== null)
      .join(' '),
    outcome.replaceAll('_', ' '),
    `${(fetched_bytes / 1000).toFixed(0)} kB`,
    ...columns.map((name) => {
      const duration_ms = times.get(name);
      return duration_ms === undefined ? '-' : `${(duration_ms / 1000).toFixed(2)} s`;
    }),
    milliseconds(downtime_ms),
    milliseconds(bare_restart_ms),
  ];
}

function milliseconds(duration_ms: number | null): string {
  return duration_ms === null ? '-' : `${duration_ms.toFixed(0)} ms`;
}
