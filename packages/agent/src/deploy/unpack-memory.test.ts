import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { integer, object, parseJson, text } from '@kedge/core/parse';
import { expect, test } from 'vitest';

const program = resolve(import.meta.dirname, '../testing/unpack-memory-main.ts');
const heap = ['--max-old-space-size=48', '--max-semi-space-size=2'];
const grown_bytes_max = 64 * 1024 * 1024;
const memoryReport = object({ ended: text(), entries: integer({ min: 0 }), grown_bytes: integer({ min: 0 }) });

test.each<[string, RegExp, number]>([
  ['as many folders as there may be', /^TreeMismatch: .* 100000 of 100000 entries/, 100_001],
  ['a million entries', /^HostileArchive: "0100000" .* one more than the 100000 entries/, 100_001],
  ['names that take all memory', /^HostileArchive: .* the names alone are too long/, 5_798],
  ['a file of 2 GB', /^TreeMismatch: .* 1 of 100000 entries, 2147483648 of/, 2],
])(
  'an archive with %s takes no more than 64 MB',
  async (name, ending, entries) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...heap, program, name]);
    const report = parseJson(memoryReport, stdout, 'report');
    expect(report.ended).toMatch(ending);
    expect(report.entries).toBe(entries);
    expect(report.grown_bytes).toBeLessThan(grown_bytes_max);
  },
  120_000,
);
