/** sun_path of unix(7) holds 108 bytes on Linux, the closing zero included. */
const path_bytes_max = 107;

/** @throws when no socket can have that path */
export function checkSocketPath(path: string): void {
  const length_bytes = Buffer.byteLength(path);
  if (length_bytes <= path_bytes_max) return;
  throw new Error(
    `the socket path ${path} has ${length_bytes} bytes, ${path_bytes_max} is the most; use a shorter state folder`,
  );
}
