import { list, parseWith, text } from '@kedge/core/parse';
import { expectSame, expectWords } from '../expectation.ts';
import { addRecording, recordings } from '../recorder-client.ts';
import { expectVersion, hear, probeApp, type Scene, watchGoodUpdate } from '../story.ts';

export const kill: Scene = {
  title: 'kill -9 in the middle of an update: the next start brings the old version back',
  async play(story) {
    const { vendor, recorder, screen, rows } = story;
    await addRecording(recorder.url, 'Written before 1.3.1');
    const before = await recordings(recorder.url, 'id title priority show');
    // Long enough for the kill to come before the update is through, on a slow machine as well.
    const manifest = await vendor.publishRecorder('1.3.1', { validation: { healthy_for_ms: 1_000 } });
    const stages: { name: string; duration_ms: number }[] = [];
    let fetched_bytes = 0;
    const { downtime_ms } = await probeApp(story, recorder, async () => {
      await recorder.checkAndKillAt('SWITCHED', (event) => {
        hear(story, recorder)(event);
        if (event.kind === 'progress') fetched_bytes = event.done_bytes;
        if (event.kind === 'stage_finished') stages.push({ name: event.stage, duration_ms: event.duration_ms });
      });
      screen.fact('the agent was killed when the journal said SWITCHED: migrated, and the new version live');
      await recorder.start();
    });
    screen.started('recorder', recorder.pids());
    const update = { product: 'recorder', from: '1.2.0', to: '1.3.1', note: 'kill -9', outcome: 'killed' } as const;
    rows.push({ ...update, fetched_bytes, stages, downtime_ms, bare_restart_ms: null });
    const explained = parseWith(list(text({ length_max: 10_000 })), await recorder.ask('explain', {}), 'explanation');
    expectWords('explanation after the start', explained, 'the update was cut off in');
    await expectVersion(story, '1.2.0');
    expectSame('rows after the recovery', await recordings(recorder.url, 'id title priority show'), before);
    screen.fact(`all ${before.length} rows are as they were`);

    await watchGoodUpdate(story, recorder, manifest);
    await expectVersion(story, '1.3.1');
    expectSame('rows after the update', await recordings(recorder.url, 'id title priority show'), before);
    screen.fact('the same update, not cut off, goes through');
  },
};
