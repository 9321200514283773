/** Goes one way through an exploration again: the same cuts, and the same states of the disk after them. */

import { lostIn } from './disk/fall-words.ts';
import { copyOf } from './disk/model.ts';
import { afterFall, choicesIn, everythingSurvives, type Fall } from './disk/power-cut.ts';
import { live, type Moment, recovery, stuckOn } from './explore.ts';
import { type CutAt, killed, type Violation } from './explore-findings.ts';

import { type Complaint, type Kind, quiet, type Subject } from './subject.ts';

/** Without a fall, all that was written survives. */
export type WantedCut = { readonly operation: number; readonly fall: Fall | undefined };

export type Replayed = { readonly complaints: readonly Complaint[]; readonly cuts: readonly CutAt[] };

/** As `--cut` takes it: `OPERATION[/FALL]`, one for each cut. */
export function cutText(cuts: readonly Pick<CutAt, 'operation' | 'fall'>[]): string {
  return cuts.map(({ operation, fall }) => (fall === '' ? String(operation) : `${operation}/${fall}`)).join(',');
}

/** Undefined when it is not in that form. */
export function parseCuts(text: string): readonly WantedCut[] | undefined {
  const cuts = text.split(',').map((part) => /^(\d+)(?:\/([0-9a-z]+))?$/.exec(part));
  const wanted = cuts.flatMap((cut) => (cut ? [{ operation: Number(cut[1]), fall: cut[2] }] : []));
  return wanted.length === cuts.length ? wanted : undefined;
}

/** @param start of the kind, so that it need not be made anew each time */
export async function replay(
  start: Subject,
  wanted: readonly WantedCut[],
  { lies = false, tell = quiet.tell }: { readonly lies?: boolean; readonly tell?: (line: string) => void },
): Promise<Replayed> {
  let subject = start;
  const cuts: CutAt[] = [];
  for (const [index, { operation, fall }] of wanted.entries()) {
    tell(index === 0 ? 'The work:' : 'The recovery:');
    const upTo = untilCut(operation, tell);
    const { moments } = await live<unknown>(
      subject,
      { lies },
      (awake, power) => (index === 0 ? awake.work(power) : awake.recover(power)),
      upTo,
    );
    const moment = moments[operation];
    if (!moment) throw new Error(`there is no operation ${operation}: there are ${moments.length}`);
    const next = await fallTo(moment, operation, fall, tell);
    cuts.push(next.cut);
    subject = next.subject;
  }
  const complaints = await recoverAndLook(subject, lies, tell);
  for (const { checker, problem } of complaints) tell(`WRONG ${checker}: ${problem}`);
  return { complaints, cuts };
}

async function fallTo(moment: Moment, operation: number, fall: Fall | undefined, tell: (line: string) => void) {
  const { system } = moment.subject;
  if (fall === killed) {
    tell(`The process is killed before operation ${operation}, ${moment.at}.`);
    const cut: CutAt = { operation, at: moment.at, fall };
    return { cut, subject: (await moment.subject.seen()).fork(copyOf(system)) };
  }
  const choices = choicesIn(system);
  const cut: CutAt = { operation, at: moment.at, fall: fall ?? everythingSurvives(choices) };
  tell(
    `The power goes before operation ${operation}, ${moment.at}. ${choices.length} choices fall as ${cut.fall || 'there are none'}:`,
  );
  for (const line of lostIn(system, choices, cut.fall)) tell(`     ${line}`);
  const subject = (await moment.subject.seen()).fork(afterFall(system, choices, cut.fall));
  return { cut, subject };
}

async function recoverAndLook(
  subject: Subject,
  lies: boolean,
  tell: (line: string) => void,
): Promise<readonly Complaint[]> {
  tell('The last recovery:');
  const { complaints, settled } = await recovery(subject, { lies }, tell);
  const problem = settled && (await stuckOn(settled));
  return problem === undefined ? complaints : [...complaints, { checker: 'liveness', problem }];
}

/** What would have come after the cut is not told. */
function untilCut(operation: number, tell: (line: string) => void): (line: string) => void {
  let isOver = false;
  return (line) => {
    isOver ||= line.startsWith(`${String(operation).padStart(4)} `);
    if (!isOver) tell(line);
  };
}

const tries_max = 200;

/** The same complaint with fewer cuts, and with less that was lost in them. */
export async function shrink(kind: Kind, seed: number, violation: Violation, lies: boolean): Promise<Violation> {
  const start = await kind.prepare(seed);
  let best = violation;
  let tries = 0;

  async function attempt(cuts: readonly CutAt[]): Promise<boolean> {
    tries += 1;
    if (tries > tries_max) return false;
    const replayed = await replay(start, cuts, { lies }).catch(() => undefined);
    const same = replayed?.complaints.find(({ checker }) => checker === violation.checker);
    if (!same || !replayed || replayed.cuts.some(({ at }, index) => at !== cuts[index]?.at)) return false;
    best = { ...same, cuts: replayed.cuts };
    return true;
  }

  if (best.cuts.length > 1) await attempt(best.cuts.slice(0, -1));
  for (const index of best.cuts.keys()) await shrinkFall(index);
  return best;

  /** One choice after the other falls in favour of what was seen. */
  async function shrinkFall(index: number): Promise<void> {
    if (best.cuts[index]?.fall === killed) return;
    const whole = await everythingAt(index);
    for (let place = 0; place < whole.length; place += 1) {
      const cut = best.cuts[index];
      if (!cut || cut.fall.charAt(place) === whole.charAt(place)) continue;
      const fall = cut.fall.slice(0, place) + whole.charAt(place) + cut.fall.slice(place + 1);
      await attempt(best.cuts.with(index, { ...cut, fall }));
    }
  }

  async function everythingAt(index: number): Promise<Fall> {
    const until = best.cuts.slice(0, index + 1);
    const last = until.pop();
    if (!last) return '';
    const { cuts } = await replay(start, [...until, { operation: last.operation, fall: undefined }], { lies });
    return cuts.at(-1)?.fall ?? '';
  }
}
