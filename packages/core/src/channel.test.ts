import { describe, expect, test } from 'vitest';
import { assertChannelFits, channelOf, channels, releaseChannels } from './channel.ts';

describe('the channel of a version', () => {
  test.each([
    ['2.6.0', 'stable'],
    ['2.6.0-beta.3', 'beta'],
    ['2.6.0-nightly.20260120', 'nightly'],
    ['2.0.0-lts', 'lts'],
    ['2.5.1-hotfix.1', 'hotfix'],
  ])('%s is %s', (version, channel) => {
    expect(channelOf(version)).toBe(channel);
  });

  test.each([
    '2.6.0-rc.1',
    '2.6.0-beta',
    '2.6.0-beta.x',
    '2.6.0-beta.1.2',
    '2.6.0-lts.1',
    '2.6.0-hotfix',
    '2.6.0-nightly',
    '2.6.0-nightly.2026012',
    '2.6.0-nightly.20260230',
    '2.6.0-nightly.20260120.1',
  ])('%s belongs to none', (version) => {
    expect(() => channelOf(version)).toThrow(`"${version}" belongs to no channel; write 2.6.0, 2.6.0-beta.3`);
  });
});

describe('a device that follows a channel', () => {
  test.each(channels)('%s receives its own releases', (channel) => {
    expect(releaseChannels(channel)).toContain(channel);
  });

  test('receives calmer ones as well, but never bolder ones, and lts stands alone', () => {
    expect(releaseChannels('nightly')).toEqual(['nightly', 'beta', 'stable', 'hotfix']);
    expect(releaseChannels('beta')).toEqual(['beta', 'stable', 'hotfix']);
    expect(releaseChannels('stable')).toEqual(['stable', 'hotfix']);
    expect(releaseChannels('lts')).toEqual(['lts']);
    expect(releaseChannels('hotfix')).toEqual(['hotfix']);
  });
});

test('a release stands in the channel that its version says', () => {
  expect(() => assertChannelFits({ version: '2.6.0-beta.3', channel: 'beta' })).not.toThrow();
  expect(() => assertChannelFits({ version: '2.6.0-beta.3', channel: 'stable' })).toThrow(
    'channel: must be beta for version 2.6.0-beta.3, got stable; change one of the two',
  );
});
