import { expectSame } from '../expectation.ts';
import { addRecording, recordings } from '../recorder-client.ts';
import { expectVersion, type Scene, watchUpdate } from '../story.ts';

export const rollBack: Scene = {
  title: 'A bad release: it starts, is never healthy, and is rolled back, program and data',
  async play(story) {
    const { vendor, recorder, screen } = story;
    await addRecording(recorder.url, 'Written before 1.3.0');
    const before = await recordings(recorder.url, 'id title priority show');
    await vendor.publishRecorder('1.3.0', { validation: { deadline_ms: 2_000 } });
    await watchUpdate(story, recorder, 'rolled_back', 'never healthy');
    await expectVersion(story, '1.2.0');
    expectSame('rows after the roll back', await recordings(recorder.url, 'id title priority show'), before);
    screen.fact(`all ${before.length} rows are as they were, in the schema of 1.2.0`);
  },
};
