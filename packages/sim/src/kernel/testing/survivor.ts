/** What a device must be able to do after the power was cut: boot, recover, be whole, and install the next good release. */

import { type Agent, createAgent } from '@kedge/agent/agent';
import { parseConfig } from '@kedge/agent/config';
import type { Device } from '@kedge/agent/device';
import { readInstalled } from '@kedge/agent/installed';
import { localRelease } from '@kedge/agent/local-release';
import { readLog } from '@kedge/agent/log';
import { nothing, recall } from '@kedge/agent/memory';
import { openDevice } from '@kedge/agent/open-device';
import { integrityProblems } from '@kedge/agent/os/data/integrity';
import { localPorts, realBase } from '@kedge/agent/os/local-ports';
import { list, object, parseJson, text } from '@kedge/core/parse';
import { journalSettled } from '../../checkers/journal-settled.ts';
import { liveRelease } from '../../checkers/live-release.ts';
import { readWitness } from './saving-app.ts';
import { configText, type DeviceConfig, type Offer, rescue } from './scene.ts';

const answer_timeout_ms = 20_000;
const log_lines_max = 1_000;

export type Survived = {
  /** What was live once it had recovered. */
  readonly live: string | undefined;
  /** What its log says of damage. */
  readonly noticed: readonly string[];
  /** One line for each promise that was not kept. Empty: all is well. */
  readonly problems: readonly string[];
};

/** @param config `repository` is of no account: the device looks at the later one */
export async function survive(
  config: DeviceConfig,
  { legal, later }: Pick<Offer, 'legal' | 'later'>,
): Promise<Survived> {
  const over = new AbortController();
  const parsed = parseConfig(configText({ ...config, repository: later }), `${config.folder}/kedge.yaml`);
  const ports = localPorts(parsed, () => {}, realBase(), over.signal);
  const device = await openDevice({ config: parsed, ports, emit: () => {}, signal: over.signal });
  const problems: string[] = [];
  const note = (problem: string | undefined): void => {
    if (problem !== undefined) problems.push(problem);
  };
  try {
    const agent = createAgent(device);
    await agent.recover();
    const live = await device.deployer.live();
    const noticed = await damageIn(device);
    const recovered = { device, legal, history: noHistory, migrations: new Map(), touched: new Set<string>() };
    note(await journalSettled(recovered));
    note(await liveRelease(recovered));
    note(await dataKept(device, config));
    note((await installNext(agent)) ?? (await dataKept(device, config)));
    return { live, noticed, problems };
  } finally {
    await device.service.stop();
    over.abort();
    await device.log.close();
  }
}

const damages = /^(?:recovery_failed|backup_unusable|no_way_down|.*_damaged)$/;

async function damageIn({ disk, sha256, paths }: Device): Promise<readonly string[]> {
  const lines = await readLog({ disk, sha256, path: paths.log }, log_lines_max);
  return lines.map(({ event }) => event).filter((event) => damages.test(event));
}

/** Once the faults stop, the next good release installs. */
async function installNext(agent: Agent): Promise<string | undefined> {
  try {
    const { kind, to, reasons } = await agent.check({ kind: 'asked', wanted: null });
    return kind === 'updated' && to === rescue ? undefined : `${rescue} does not install: ${kind} ${reasons.join(' ')}`;
  } catch (error) {
    return `${rescue} does not install: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

const noHistory = { promised: [], uncertain: new Set<string>(), violations: [] };

/** The database is whole, fits the live release, and its rows are of a legal history: the app says so itself. */
async function dataKept(device: Device, { port, witness }: DeviceConfig): Promise<string | undefined> {
  const installed = await readInstalled(device);
  if (!installed) return undefined;
  const { version } = installed.current;
  const answer = await askUntil(device, port, version);
  if (!answer) return `the app of ${version} does not answer`;
  const [damage] = integrityProblems(`${device.config.data}/app.db`);
  if (damage !== undefined) return `the database is damaged: ${damage}`;
  const wanted = (await localRelease(device, installed.current)).manifest.migrations.map(({ id }) => id);
  const found = (await device.data.applied('app.db')).map(({ id }) => id);
  if (wanted.join() !== found.join()) return `${version} is live on data with the migrations ${found.join(' ')}`;
  const lost = (await recall(device.memory.lately, nothing.lately)).went_wrong?.lost_writes;
  const { promised, uncertain } = readWitness(witness);
  const rows = new Set(answer.rows);
  const missing = promised.find(
    ({ text, at_ms }) => !rows.has(text) && (!lost || at_ms < Date.parse(lost.from) || at_ms > Date.parse(lost.until)),
  );
  if (missing) return `"${missing.text}" is lost, and no report says so`;
  const known = new Set([...promised.map((row) => row.text), ...uncertain]);
  const invented = [...rows].find((row) => !known.has(row));
  return invented === undefined ? undefined : `"${invented}" was never saved`;
}

const appAnswer = object({ version: text(), rows: list(text()) });

/** Undefined: it did not answer as that version in time. */
async function askUntil({ clock, signal }: Device, port: number, version: string) {
  const deadline_ms = clock.monotonic_ms() + answer_timeout_ms;
  while (clock.monotonic_ms() < deadline_ms) {
    const body = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.text(),
      () => undefined,
    );
    const answer = body === undefined ? undefined : parseJson(appAnswer, body, 'answer');
    if (answer?.version === version) return answer;
    await clock.sleep(10, signal);
  }
  return undefined;
}
