import type { Artifact } from './manifest.ts';

/** The artifact for a device: one made for its platform, else one that runs on any. */
export function findArtifact(artifacts: readonly Artifact[], platform: string): Artifact | undefined {
  return (
    artifacts.find((artifact) => artifact.platform === platform) ??
    artifacts.find((artifact) => artifact.platform === 'any')
  );
}
