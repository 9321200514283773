export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** Only one of them runs at a time, in the order of the calls; a failed one does not hold up the next. */
export function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    // Its own caller gets the error; the next one only waits for the end.
    last = mine.catch(() => undefined);
    return mine;
  };
}
