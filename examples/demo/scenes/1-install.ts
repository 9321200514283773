import type { Device } from '../device.ts';
import { expectSame } from '../expectation.ts';
import { addRecording, recordings } from '../recorder-client.ts';
import { expectVersion, hear, type Scene, type Story } from '../story.ts';
import { rowOf } from '../table.ts';

export const install: Scene = {
  title: 'Install: a device without an app, and a repository that it has never seen',
  async play(story) {
    const { vendor, recorder, staticServer, screen } = story;
    for (const device of [staticServer, recorder]) {
      await device?.start();
      if (device) screen.started(device.product, device.pids());
    }
    if (staticServer) {
      await vendor.publishStaticServer('previous');
      await installOn(story, staticServer);
    } else screen.fact(`left out here: the static server, whose makers' binaries run on Linux only`);

    await vendor.publishRecorder('1.0.0');
    await installOn(story, recorder);
    await expectVersion(story, '1.0.0');
    for (const title of ['News', '!! Nova: Stars']) await addRecording(recorder.url, title);
    const rows = await recordings(recorder.url, 'title');
    expectSame('rows', rows, [{ title: 'News' }, { title: '!! Nova: Stars' }]);
    screen.fact('two rows are written');
  },
};

async function installOn(story: Story, device: Device): Promise<void> {
  const report = await device.check(hear(story, device));
  expectSame(`outcome of the install (${report.reasons.join('; ')})`, report.kind, 'updated');
  story.rows.push(rowOf(report, null));
  story.screen.started(device.product, device.pids());
}
