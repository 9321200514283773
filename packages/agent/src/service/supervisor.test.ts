import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeProcesses } from '../os/processes.ts';
import { processListing } from '../os/processes-listing.ts';
import type { LocalRelease, Service } from '../ports.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import type { Program } from './processes.ts';
import { sampleRelease } from './sample-release.ts';
import { type SupervisedChildOptions, supervisedChild } from './supervisor.ts';

let root: string;
let services: Service[];
let logged: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kedge-supervisor-'));
  for (const name of ['state', 'data', 'said']) await mkdir(join(root, name));
  services = [];
  logged = [];
});

afterEach(async () => {
  // An agent "killed by force" still looks after its app here; all of them have to let go of it.
  await Promise.all(services.map((service) => service.stop()));
  await rm(root, { recursive: true });
});

/** As a newly started agent would make it. */
function supervised(over: Partial<SupervisedChildOptions> = {}): Service {
  const service = supervisedChild({
    clock: systemClock,
    processes: nodeProcesses(),
    disk: nodeDisk,
    state_folder: join(root, 'state'),
    data_folder: join(root, 'data'),
    log_folder: join(root, 'log'),
    variables: { said: join(root, 'said') },
    agent_environment: { PATH: process.env['PATH'], SECRET: 'of the agent' },
    log: (line) => logged.push(line),
    ...over,
  });
  services.push(service);
  return service;
}

/** Says a word by a file of that name, holding its pid. */
const say = (word: string) => `require('fs').writeFileSync(process.argv[2] + '/${word}', String(process.pid));`;
const stay = 'setInterval(() => {}, 60000);';

async function release(version: string, script: string, run: object = {}): Promise<LocalRelease> {
  const folder = join(root, version);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'app.cjs'), script);
  return sampleRelease(folder, {
    version,
    run: { command: ['node', 'app.cjs', '${said}'], ...run },
  });
}

/** Resolves with the pid when the app has said that word. */
async function said(word: string): Promise<number> {
  const stop = new AbortController();
  try {
    const changes = watch(join(root, 'said'), { signal: stop.signal });
    for (;;) {
      // Watched before it is read, or a word said in between would be missed.
      const change = changes.next().catch(() => undefined);
      const pid = Number(await readFile(join(root, 'said', word), 'utf8').catch(() => ''));
      if (pid > 0) return pid;
      await change;
    }
  } finally {
    stop.abort();
  }
}

function isRunning(pid: number): boolean {
  return nodeProcesses()
    .left({ leader: undefined, mark: join(root, 'state', 'service.json') })
    .includes(pid);
}

describe('a supervised app', () => {
  test('runs in its release folder with its environment, and nothing of the agent’s but what it may have', async () => {
    const service = supervised();
    const script = `require('fs').writeFileSync(process.argv[2] + '/env.tmp', JSON.stringify([process.cwd(), process.env]));
      require('fs').renameSync(process.argv[2] + '/env.tmp', process.argv[2] + '/env'); ${say('up')} ${stay}`;
    const app = await release('1.0.0', script, { environment: { GREETING: 'from ${release}' } });
    await service.start(app);
    await said('up');
    const [folder, environment]: unknown[] = JSON.parse(await readFile(join(root, 'said', 'env'), 'utf8'));
    expect(folder).toBe(app.folder);
    expect(environment).toEqual({
      PATH: process.env['PATH'],
      GREETING: `from ${app.folder}`,
      KEDGE_DATA: join(root, 'data'),
      KEDGE_RELEASE: app.folder,
      KEDGE_VERSION: '1.0.0',
      KEDGE_SERVICE: join(root, 'state', 'service.json'),
    });
    expect(service.state()).toMatchObject({ kind: 'running', restarts: 0 });
  });

  test('writes to the log', async () => {
    const service = supervised();
    await service.start(await release('1.0.0', `console.log('out'); console.error('err'); ${say('up')} ${stay}`));
    await said('up');
    expect(await readFile(join(root, 'log', 'app.log'), 'utf8')).toBe('out\nerr\n');
  });

  test('is stopped with all that it started, even what ignores the polite signal or left the group', async () => {
    const service = supervised();
    const stubborn = `process.on('SIGTERM', () => {}); ${say('stubborn')} ${stay}`;
    const escaped = `${say('escaped')} ${stay}`;
    const script = `const { spawn } = require('child_process');
      spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}, 'x', process.argv[2]]);
      spawn(process.execPath, ['-e', ${JSON.stringify(escaped)}, 'x', process.argv[2]], { detached: true });
      ${stay}`;
    await service.start(await release('1.0.0', script, { stop_timeout_ms: 300 }));
    const pids = [await said('stubborn'), await said('escaped')];
    expect(pids.map(isRunning)).toEqual([true, true]);
    await service.stop();
    expect(pids.map(isRunning)).toEqual([false, false]);
    expect(service.state()).toEqual({ kind: 'stopped' });
    await expect(access(join(root, 'state', 'service.json'))).rejects.toThrow('ENOENT');
  });

  test('that ends politely is not waited for any longer', async () => {
    const service = supervised();
    await service.start(await release('1.0.0', `${say('up')} ${stay}`, { stop_timeout_ms: 600_000 }));
    await said('up');
    await service.stop();
  });

  test('is kept when it is started again, and replaced by another version', async () => {
    const service = supervised();
    const first = await release('1.0.0', `${say('first')} ${stay}`);
    await service.start(first);
    const pid = await said('first');
    await service.start(first);
    expect(isRunning(pid)).toBe(true);
    await service.start(await release('2.0.0', `${say('second')} ${stay}`));
    expect(isRunning(pid)).toBe(false);
    expect(isRunning(await said('second'))).toBe(true);
  });

  test('that cannot be started is an error which says why', async () => {
    const service = supervised();
    const missing = await release('1.0.0', '', { command: ['bin/missing'] });
    await expect(service.start(missing)).rejects.toThrow(
      `cannot start "bin/missing": there is no such file in ${missing.folder} and no such program on the PATH`,
    );
    const plain = await release('1.0.0', '', { command: ['app.cjs'] });
    await expect(service.start(plain)).rejects.toThrow('cannot start "app.cjs": it is not executable');
    await writeFile(join(plain.folder, 'app.cjs'), '#!/no/such/interpreter\n');
    await chmod(join(plain.folder, 'app.cjs'), 0o755);
    await expect(service.start(plain)).rejects.toThrow('the interpreter or loader that it names is not on this device');
    const unknown = await release('1.0.0', '', { command: ['node', '${porrt}'] });
    await expect(service.start(unknown)).rejects.toThrow('${porrt} in "${porrt}" is not known on this device');
    expect(service.state()).toEqual({ kind: 'stopped' });
  });
});

describe('an app that ends by itself', () => {
  let clock: FakeClock;
  beforeEach(() => {
    clock = fakeClock();
  });

  test('is started again after 1, 2, 4 and 8 s, and not after the fifth exit', async () => {
    const service = supervised({ clock });
    await service.start(await release('1.0.0', 'process.exit(3)'));
    for (const [index, pause_ms] of [1000, 2000, 4000, 8000].entries()) {
      await clock.asleep();
      expect(service.state()).toEqual({ kind: 'backing_off', exits: index + 1, last_exit: 'exit code 3' });
      await clock.advance(pause_ms - 1);
      expect(service.state()).toMatchObject({ kind: 'backing_off' });
      await clock.advance(1);
    }
    await changed(service, 'crash_loop');
    expect(service.state()).toEqual({ kind: 'crash_loop', exits: 5, last_exit: 'exit code 3' });
    expect(clock.sleeps_ms).toEqual([1000, 2000, 4000, 8000]);
  });

  test('counts its restarts, and what it left behind is ended first', async () => {
    const service = supervised({ clock });
    const left = `${say('left')} ${stay}`;
    const script = `const fs = require('fs');
      const again = fs.existsSync(process.argv[2] + '/left');
      if (again) { ${say('again')} ${stay} } else {
        require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(left)}, 'x', process.argv[2]]);
        fs.watch(process.argv[2], () => { if (fs.existsSync(process.argv[2] + '/left')) process.kill(process.pid, 'SIGKILL'); });
      }`;
    await service.start(await release('1.0.0', script));
    const pid = await said('left');
    await clock.asleep();
    expect(service.state()).toEqual({ kind: 'backing_off', exits: 1, last_exit: 'signal SIGKILL' });
    await clock.advance(1000);
    // Its remains are looked at every 20 ms until they are gone.
    while (service.state().kind !== 'running') {
      await Promise.race([clock.asleep(), changed(service, 'running')]);
      await clock.advance(20);
    }
    await said('again');
    expect(service.state()).toMatchObject({ kind: 'running', restarts: 1 });
    expect(isRunning(pid)).toBe(false);
    await service.stop();
  });

  test('and cannot be started any more ends in a crash loop that says so', async () => {
    const service = supervised({ clock });
    const app = await release('1.0.0', 'process.exit(1)');
    await service.start(app);
    await clock.asleep();
    await rm(app.folder, { recursive: true });
    for (const pause_ms of [1000, 2000, 4000, 8000]) {
      await clock.asleep();
      await clock.advance(pause_ms);
    }
    await changed(service, 'crash_loop');
    expect(service.state()).toMatchObject({ last_exit: `cannot start "node": its folder ${app.folder} is not there` });
  });

  test('is started at once when somebody asks, and begins to count anew', async () => {
    const service = supervised({ clock });
    const app = await release('1.0.0', 'process.exit(3)');
    await service.start(app);
    await clock.asleep();
    await writeFile(join(app.folder, 'app.cjs'), `${say('up')} ${stay}`);
    await service.start(app);
    await said('up');
    expect(service.state()).toMatchObject({ kind: 'running', restarts: 0 });
  });

  test('is not started once more when it is stopped meanwhile', async () => {
    const real = nodeProcesses();
    let starts = 0;
    const spawn = (program: Program) => {
      starts += 1;
      return real.spawn(program);
    };
    const service = supervised({ clock, processes: { ...real, spawn } });
    await service.start(await release('1.0.0', 'process.exit(3)'));
    await clock.asleep();
    await service.stop();
    await clock.advance(60_000);
    expect(service.state()).toEqual({ kind: 'stopped' });
    expect(starts).toBe(1);
  });
});

describe('an agent that follows one killed by force', () => {
  test('keeps the app running when it is the same version, and notices its end', async () => {
    const app = await release('1.0.0', `${say('up')} ${stay}`);
    await startByAgentKilledByForce(app.folder);
    const pid = await said('up');
    const clock = fakeClock();
    const next = supervised({ clock });
    await next.start(app);
    expect(isRunning(pid)).toBe(true);
    expect(next.state()).toMatchObject({ kind: 'running', restarts: 0 });
    expect(logged).toContain(`1.0.0 still runs, as process ${pid}, and is kept`);
    process.kill(pid, 'SIGKILL');
    while (processListing().one(pid)?.zombie === false) await new Promise((resolve) => setImmediate(resolve));
    await clock.asleep();
    await clock.advance(1000);
    await clock.asleep();
    expect(next.state()).toEqual({
      kind: 'backing_off',
      exits: 1,
      last_exit: 'an exit code that only the earlier agent could know',
    });
    await next.stop();
  });

  test('stops what is of another version', async () => {
    await supervised().start(await release('1.0.0', `${say('old')} ${stay}`));
    const pid = await said('old');
    const next = supervised();
    await next.start(await release('2.0.0', `${say('new')} ${stay}`));
    expect(isRunning(pid)).toBe(false);
    expect(isRunning(await said('new'))).toBe(true);
  });

  test('stops what was started but not recorded any more', async () => {
    await supervised().start(await release('1.0.0', `${say('up')} ${stay}`));
    const pid = await said('up');
    await writeFile(join(root, 'state', 'service.json'), 'torn');
    await supervised().stop();
    expect(isRunning(pid)).toBe(false);
  });

  test('never signals a process that only has the number of one that ended', async () => {
    const stranger = spawn(process.execPath, ['-e', stay], { detached: true, stdio: 'ignore' });
    await once(stranger, 'spawn');
    try {
      const record = { version: '1.0.0', pid: stranger.pid, started: 'boot/1', since_ms: 0, stop_timeout_ms: 0 };
      await writeFile(join(root, 'state', 'service.json'), JSON.stringify(record));
      await supervised().start(await release('1.0.0', `${say('up')} ${stay}`));
      expect(await said('up')).not.toBe(stranger.pid);
      await supervised().stop();
      expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
      expect(process.kill(stranger.pid ?? 0, 0)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
    }
  });
});

/** A real agent, in a process of its own. */
async function startByAgentKilledByForce(folder: string): Promise<void> {
  const at = (path: string) => new URL(path, import.meta.url).href;
  const script = `
    import { systemClock } from '${at('../../../trust/src/os/clock.ts')}';
    import { nodeDisk } from '${at('../../../trust/src/os/disk.ts')}';
    import { nodeProcesses } from '${at('../os/processes.ts')}';
    import { sampleRelease } from '${at('./sample-release.ts')}';
    import { supervisedChild } from '${at('./supervisor.ts')}';
    const root = ${JSON.stringify(root)};
    const service = supervisedChild({
      clock: systemClock, processes: nodeProcesses(), disk: nodeDisk, variables: {}, agent_environment: {}, log() {},
      state_folder: root + '/state', data_folder: root + '/data', log_folder: root + '/log',
    });
    const run = { command: ['node', 'app.cjs', root + '/said'] };
    await service.start(sampleRelease(${JSON.stringify(folder)}, { run }));
    process.kill(process.pid, 'SIGKILL');
  `;
  const agent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal]: unknown[] = await once(agent, 'exit');
  expect(signal).toBe('SIGKILL');
}

/** Lets real events come in until the app is in that state. */
async function changed(service: Service, kind: string): Promise<void> {
  while (service.state().kind !== kind) await new Promise((resolve) => setImmediate(resolve));
}
