import type { Disk, Net, NetRequest, NetResponse } from '@kedge/core/ports';

const file_bytes_max = 64 * 1024 * 1024;
const chunk_bytes = 16 * 1024;

/** Web servers for the files below `/repository` of a disk, with byte ranges as a CDN gives them. */
export function simulatedNet(diskOf: (host: string) => Disk | undefined): Net {
  return {
    async request(request): Promise<NetResponse> {
      const { host, pathname } = new URL(request.url);
      const disk = diskOf(host);
      if (!disk) throw Object.assign(new Error(`no such host: ${host}`), { code: 'ENOTFOUND' });
      const bytes = await disk.read(`/repository${decodeURIComponent(pathname)}`, file_bytes_max);
      return bytes ? answerWith(bytes, request) : { status: 404, headers: {}, body: chunksOf(new Uint8Array(0)) };
    },
  };
}

/** The whole file, or what the request's range asks of it. */
export function answerWith(bytes: Uint8Array, { headers }: Pick<NetRequest, 'headers'>): NetResponse {
  const range = /^bytes=(\d+)-$/.exec(headers?.['range'] ?? '');
  if (!range) return { status: 200, headers: { 'content-length': String(bytes.length) }, body: chunksOf(bytes) };
  const start = Number(range[1]);
  if (start >= bytes.length) return { status: 416, headers: {}, body: chunksOf(new Uint8Array(0)) };
  return partOf(bytes, start);
}

export function partOf(bytes: Uint8Array, start: number): NetResponse {
  return {
    status: 206,
    headers: {
      'content-length': String(bytes.length - start),
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    },
    body: chunksOf(bytes.subarray(start)),
  };
}

export async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunk_bytes) yield bytes.slice(at, at + chunk_bytes);
}
