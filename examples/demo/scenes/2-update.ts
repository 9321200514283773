import { expectSame } from '../expectation.ts';
import { recordings } from '../recorder-client.ts';
import { expectVersion, type Scene, watchGoodUpdate } from '../story.ts';

export const update: Scene = {
  title: 'Update: the data is migrated, and old rows are kept',
  async play(story) {
    const { vendor, recorder, staticServer, screen } = story;
    if (staticServer) await watchGoodUpdate(story, staticServer, await vendor.publishStaticServer('next'));

    await watchGoodUpdate(story, recorder, await vendor.publishRecorder('1.1.0'));
    await expectVersion(story, '1.1.0');
    expectSame('rows after migration 0002_priority', await recordings(recorder.url, 'title priority'), [
      { title: 'Nova: Stars', priority: 2 },
      { title: 'News', priority: 0 },
    ]);
    screen.fact('both rows are there, and "!! Nova: Stars" has become "Nova: Stars" of priority 2');

    await watchGoodUpdate(story, recorder, await vendor.publishRecorder('1.2.0'));
    await expectVersion(story, '1.2.0');
    expectSame('rows after migration 0003_shows', await recordings(recorder.url, 'title priority show'), [
      { title: 'Stars', priority: 2, show: 'Nova' },
      { title: 'News', priority: 0, show: null },
    ]);
    screen.fact('both rows are there, and "Nova: Stars" has become "Stars" of the show "Nova"');
  },
};
