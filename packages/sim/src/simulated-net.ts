import type { Disk, Net, NetResponse } from '@kedge/core/ports';

const file_bytes_max = 64 * 1024 * 1024;

/** A web server for the files below `/repository`, without ranges. */
export function simulatedNet(disk: Disk): Net {
  return {
    async request({ url }): Promise<NetResponse> {
      const bytes = await disk.read(`/repository${new URL(url).pathname}`, file_bytes_max);
      return { status: bytes ? 200 : 404, headers: {}, body: chunks(bytes) };
    },
  };
}

async function* chunks(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (bytes && bytes.length > 0) yield bytes;
}
