import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireInstanceLock } from './instance-lock.ts';

let folder = '';
let path = '';
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-lock-'));
  path = join(folder, 'agent.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('acquireInstanceLock', () => {
  test('is held against another process until that one is killed', async () => {
    const { child, said } = await otherProcess();
    expect(said).toBe('acquired');
    expect(acquireInstanceLock(path).kind).toBe('held');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(acquireInstanceLock(path).kind).toBe('acquired');
  });

  test('keeps another process out until it is released', async () => {
    const lock = acquireInstanceLock(path);
    expect((await otherProcess()).said).toBe('held');
    if (lock.kind === 'acquired') lock.release();
    expect((await otherProcess()).said).toBe('acquired');
  });

  test('is held against the same process as well', () => {
    const lock = acquireInstanceLock(path);
    expect(acquireInstanceLock(path).kind).toBe('held');
    if (lock.kind === 'acquired') lock.release();
    expect(acquireInstanceLock(path).kind).toBe('acquired');
  });

  test('says what to do about a folder that is not there and a file that is no lock', async () => {
    expect(() => acquireInstanceLock(join(folder, 'none', 'lock'))).toThrow(/its folder is there/);
    await writeFile(path, 'something that is certainly no database, and longer than a header of one'.repeat(10));
    expect(() => acquireInstanceLock(path)).toThrow(/remove the file/);
  });
});

/** Tries to get the lock, says how that went, and stays. */
async function otherProcess(): Promise<{ child: ChildProcess; said: string }> {
  const program = `
    import { acquireInstanceLock } from ${JSON.stringify(new URL('./instance-lock.ts', import.meta.url).href)};
    globalThis.lock = acquireInstanceLock(${JSON.stringify(path)});
    process.stdout.write(globalThis.lock.kind);
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said) };
}
