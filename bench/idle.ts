/** What the agent costs a device that has nothing to update: the bundled agent, with a running app as its child. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDevice } from '../examples/demo/device.ts';
import { expectSame } from '../examples/demo/expectation.ts';
import { openVendor } from '../examples/demo/vendor.ts';
import type { CommandIo } from '../packages/cli/src/command.ts';
import { buildAgent } from '../scripts/build-agent.ts';
import type { Measured } from './main.ts';

const rss_mb_max = 80;
const cpu_percent_max = 0.5;

/** The agent has itself installed the app before it idles: what that took of memory counts. */
export async function measureIdle(io: CommandIo, folder: string, duration_ms: number): Promise<Measured> {
  const { signal, ports } = io;
  const { clock } = ports;
  const agent = ['--disable-warning=ExperimentalWarning', await buildAgent(join(folder, 'agent'))];
  const vendor = await openVendor(ports, folder);
  const place = { folder: join(folder, 'recorder'), product: 'recorder', source: vendor.url, root: vendor.root };
  const device = await openDevice({ clock, signal, ...place, rule: 'now', agent });
  try {
    await device.start();
    await vendor.publishRecorder('1.0.0');
    const report = await device.check(() => {});
    expectSame(`outcome of the install (${report.reasons.join('; ')})`, report.kind, 'updated');
    const [pid = 0] = device.pids();
    const before_ms = await cpuTime_ms(pid);
    await clock.sleep(duration_ms, signal);
    const spent_ms = (await cpuTime_ms(pid)) - before_ms;
    return told(await residentMegabytes(pid), (spent_ms / duration_ms) * 100, duration_ms);
  } finally {
    await device.close();
    await vendor.close();
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** User and system. A tick is 10 ms on every Linux: proc_pid_stat(5), USER_HZ. */
async function cpuTime_ms(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, which may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function told(rss_mb: number, cpu_percent: number, duration_ms: number): Measured {
  const problems = [
    ...(rss_mb <= rss_mb_max ? [] : [`${rss_mb.toFixed(1)} MB are resident, at most ${rss_mb_max} are wanted`]),
    ...(cpu_percent <= cpu_percent_max
      ? []
      : [`${cpu_percent.toFixed(2)} % of a processor is used, at most ${cpu_percent_max} are wanted`]),
  ];
  return {
    result: {
      seconds: duration_ms / 1000,
      rss_mb: Math.round(rss_mb * 10) / 10,
      rss_mb_max,
      cpu_percent: Math.round(cpu_percent * 100) / 100,
      cpu_percent_max,
    },
    table: [
      `agent, idle for ${duration_ms / 1000} s`,
      `  resident memory  ${rss_mb.toFixed(1)} MB`,
      `  processor time   ${cpu_percent.toFixed(2)} %`,
    ],
    problem: problems.length > 0 ? problems.join('; ') : undefined,
  };
}
