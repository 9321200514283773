import { expect, test } from 'vitest';
import { findArtifact } from './platform.ts';
import { sampleManifest } from './sample.fixture.ts';

const [built] = sampleManifest().artifacts;
const artifacts = [{ ...built, platform: 'any' }, built];

test('a device gets the artifact for its platform, else the one for any', () => {
  expect(findArtifact(sampleManifest({ artifacts }).artifacts, 'linux-x64')?.platform).toBe('linux-x64');
  expect(findArtifact(sampleManifest({ artifacts }).artifacts, 'linux-arm64')?.platform).toBe('any');
  expect(findArtifact(sampleManifest().artifacts, 'linux-arm64')).toBeUndefined();
});
