/** What is installed is, byte for byte, what the vendor published as that version. */

import type { Device } from '@kedge/agent/device';
import { readInstalled } from '@kedge/agent/installed';

/** @param published digests of the manifests, by version */
export async function vendorOnly(device: Device, published: ReadonlyMap<string, string>): Promise<string | undefined> {
  const installed = await readInstalled(device);
  if (!installed) return undefined;
  const { version, manifest_sha256 } = installed.current;
  if (published.get(version) === manifest_sha256) return undefined;
  return `${version} is installed, and it is not what the vendor published`;
}
