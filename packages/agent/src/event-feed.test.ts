import { describe, expect, test } from 'vitest';
import type { AgentEvent } from './device.ts';
import { createEventFeed } from './event-feed.ts';

const progress = (done_bytes: number): AgentEvent => ({ kind: 'progress', done_bytes, total_bytes: 9_999 });

/** Listens from now on: a generator begins with its first `next`. */
function listen(feed: ReturnType<typeof createEventFeed>, signal: AbortSignal) {
  const events = feed.follow(signal)[Symbol.asyncIterator]();
  return { events, first: events.next() };
}

describe('the event feed', () => {
  test('gives each listener what happens from then on, in order', async () => {
    const feed = createEventFeed();
    feed.emit(progress(0));
    const stop = new AbortController();
    const [one, other] = [listen(feed, stop.signal), listen(feed, stop.signal)];
    for (const done of [1, 2]) feed.emit(progress(done));
    for (const { first, events } of [one, other]) {
      expect([(await first).value, (await events.next()).value]).toEqual([progress(1), progress(2)]);
    }
    stop.abort();
  });

  test('wakes a listener that waits', async () => {
    const feed = createEventFeed();
    const stop = new AbortController();
    const { events, first } = listen(feed, stop.signal);
    feed.emit(progress(1));
    await first;
    const second = events.next();
    feed.emit(progress(2));
    expect(await second).toEqual({ done: false, value: progress(2) });
    stop.abort();
  });

  test('waits for nobody: who is slow misses the oldest events', async () => {
    const feed = createEventFeed();
    const stop = new AbortController();
    const { first, events } = listen(feed, stop.signal);
    for (let done = 1; done <= 1_001; done += 1) feed.emit(progress(done));
    expect([(await first).value, (await events.next()).value]).toEqual([progress(2), progress(3)]);
    stop.abort();
  });

  test('ends when the listener has gone, with or without events', async () => {
    const feed = createEventFeed();
    const stop = new AbortController();
    const { first } = listen(feed, stop.signal);
    stop.abort();
    expect(await first).toEqual({ done: true, value: undefined });
  });
});
