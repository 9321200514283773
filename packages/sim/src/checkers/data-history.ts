/** The rows are those of a legal history: none that was promised is gone, but in a window that a report names. */

import { nothing, recall } from '@kedge/agent/memory';
import { type Row, readDatabase } from '../simulated-app.ts';
import type { Checker, Recovered } from './checker.ts';

export const dataHistory: Checker = async (recovered) => {
  const { device, history, migrations } = recovered;
  const [violation] = history.violations;
  if (violation !== undefined) return violation;
  const { rows, applied } = await readDatabase(device.disk, `${device.config.data}/app.db`);
  const live = await device.deployer.live();
  const wanted = live === undefined ? undefined : migrations.get(live);
  const found = applied.map(({ id }) => id);
  if (wanted && wanted.join() !== found.join()) return `${live} is live on data with the migrations ${found.join(' ')}`;
  const isGivenUp = await givenUpIn(recovered);
  const unexcused = history.promised.filter((row, index) => !rows.includes(row.text) && !isGivenUp(row, index));
  if (unexcused.length > 0) return `${unexcused.map(({ text }) => text).join(', ')} is lost, and no report says so`;
  const promised = new Set(history.promised.map(({ text }) => text));
  const invented = rows.find((row) => !promised.has(row) && !history.uncertain.has(row));
  return invented === undefined ? undefined : `${invented} was never saved`;
};

async function givenUpIn({ device, given_up }: Recovered): Promise<(row: Row, index: number) => boolean> {
  if (given_up) return (_, index) => given_up.some(({ from, until }) => index >= from && index < until);
  const lost = (await recall(device.memory.lately, nothing.lately)).went_wrong?.lost_writes;
  return ({ at_ms }) => !!lost && at_ms >= Date.parse(lost.from) && at_ms <= Date.parse(lost.until);
}
