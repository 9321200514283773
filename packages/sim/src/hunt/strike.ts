/** The faults of the step that is played, and when each of them strikes. */

import { diskError } from '../faults/disk-fault.ts';
import { type Fault, type FaultOf, nameOf } from '../faults/fault.ts';
import type { SimulatedClock } from '../os/simulated-clock.ts';

/** Every port of a machine without power ends in this. */
export class PowerOff extends Error {
  override readonly name = 'PowerOff';
}

export type Ending = FaultOf<'power_cut'> | FaultOf<'kill'>;

export type Strikes = {
  /** Before each change of the disk. @throws what the operation ends with */
  onChange(operation: string, path: string): void;
  onRead(path: string): void;
  /** Whether the disk would say that it is full. */
  isFull(): boolean;
  /** Those that the request may meet. */
  onRequest(url: URL): readonly FaultOf<'net'>[];
  /** How the machine has gone down, if it has. */
  ended(): Ending | undefined;
  /** Whether anything has happened that may leave work undone. */
  hasHurt(): boolean;
};

export type Struck = {
  readonly clock: SimulatedClock;
  /** The agent is to stop. */
  stop(): void;
  /** A fault has happened, of that name. */
  onStrike(name: string, what: string): void;
};

export function armed(faults: readonly Fault[], { clock, stop, onStrike }: Struck): Strikes {
  let [changes, reads] = [0, 0];
  /** Those that each fault could have struck. */
  const requests = new Map<Fault, number>();
  let ending: Ending | undefined;
  let hurt = false;
  const of = <K extends Fault['kind']>(kind: K) => faults.filter((fault): fault is FaultOf<K> => fault.kind === kind);
  const [disk, net] = [of('disk'), of('net')];

  function fail(operation: string, path: string, number: number): void {
    for (const fault of disk) {
      const error = diskError(fault, operation, number);
      if (!error) continue;
      hurt = true;
      onStrike(nameOf(fault), `${operation} ${path}`);
      throw error;
    }
  }

  function end(how: Ending, at: string): never {
    ending = how;
    hurt = true;
    onStrike(how.kind, at);
    stop();
    throw new PowerOff('the power is off');
  }

  function setClock(number: number): void {
    for (const fault of of('clock_set').filter(({ at }) => at === number)) {
      clock.set(fault.to_ms);
      onStrike(nameOf(fault), new Date(fault.to_ms).toISOString());
    }
    for (const fault of of('clock_jump').filter(({ at }) => at === number)) {
      clock.set(Math.max(0, clock.now_ms() + fault.by_s * 1000));
      onStrike(nameOf(fault), `by ${fault.by_s} s`);
    }
  }

  return {
    onChange(operation, path) {
      if (ending) throw new PowerOff('the power is off');
      const number = changes;
      changes += 1;
      setClock(number);
      const at = `${operation} ${path}`;
      const cut = of('power_cut').find(({ at }) => at === number);
      if (cut) end(cut, at);
      const kill = of('kill').find(({ at }) => at === number);
      if (kill) end(kill, at);
      if (of('stop').some(({ at }) => at === number)) {
        hurt = true;
        onStrike('stop', at);
        stop();
      }
      fail(operation, path, number);
    },
    onRead(path) {
      if (ending) throw new PowerOff('the power is off');
      reads += 1;
      fail('read', path, reads - 1);
    },
    isFull: () => disk.some((fault) => fault.how === 'full' && diskError(fault, 'write', changes) !== undefined),
    onRequest(url) {
      if (ending) throw new PowerOff('the power is off');
      return net.filter((fault) => {
        if (!isSubject(fault, url)) return false;
        const number = requests.get(fault) ?? 0;
        requests.set(fault, number + 1);
        return number >= fault.from && number < fault.from + fault.count;
      });
    },
    ended: () => ending,
    hasHurt: () => hurt,
  };
}

function isSubject({ source, subject }: FaultOf<'net'>, { host, pathname }: URL): boolean {
  if (source !== 'all' && host !== `${source}.example`) return false;
  return subject === 'anything' || pathname.startsWith('/artifacts/');
}

/** No fault at all. */
export const quiet: Strikes = {
  onChange: () => undefined,
  onRead: () => undefined,
  isFull: () => false,
  onRequest: () => [],
  ended: () => undefined,
  hasHurt: () => false,
};
