import { expectSame, expectWords } from '../expectation.ts';
import { expectVersion, type Scene, watchGoodUpdate, watchUpdate } from '../story.ts';

export const hostileRepository: Scene = {
  title: 'A hostile repository: a tampered artifact and a rolled-back timestamp are refused',
  async play(story) {
    const { vendor, recorder, screen } = story;
    const old_timestamp = await vendor.timestamp();
    const manifest = await vendor.publishRecorder('1.3.1', { as: '1.4.0', counter: 6 });

    vendor.misbehave({ kind: 'flip_one_byte' });
    const tampered = await watchUpdate(story, recorder, 'refused', 'tampered artifact');
    expectSame('stage that refuses one flipped byte', tampered.stage, 'verify');
    await expectVersion(story, '1.3.1');

    vendor.misbehave({ kind: 'old_timestamp', bytes: old_timestamp });
    const rolledBack = await watchUpdate(story, recorder, 'refused', 'old timestamp');
    expectSame('stage that refuses an old timestamp', rolledBack.stage, 'discover');
    expectWords('reasons of the refusal', rolledBack.reasons, 'timestamp');
    await expectVersion(story, '1.3.1');

    vendor.misbehave(undefined);
    await watchGoodUpdate(story, recorder, manifest);
    await expectVersion(story, '1.4.0');
    screen.fact('from an honest repository the same release is taken');
  },
};
