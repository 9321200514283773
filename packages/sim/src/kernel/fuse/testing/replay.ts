/** Makes the crash states of a log, as images. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { copyImage } from '../../testing/ext4-image.ts';
import type { CrashState, Piece } from '../crash-states.ts';
import type { DiskOperation } from '../disk-log.ts';

/** Writes an image of the state. States must come in the order of their cuts. */
export type Replay = (state: CrashState, image: string) => Promise<void>;

/** @param durable a copy of the image that the log began on; it becomes what is durable */
export function replayOn(durable: string, log: readonly DiskOperation[]): Replay {
  let done = 0;
  return async (state, image) => {
    writePieces(
      durable,
      log.slice(done, state.durable).filter((operation) => operation.kind === 'write'),
    );
    done = state.durable;
    await copyImage(durable, image);
    writePieces(image, state.survived);
  };
}

function writePieces(image: string, pieces: readonly Piece[]): void {
  const file = openSync(image, 'r+');
  try {
    for (const { offset, bytes } of pieces) writeSync(file, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(file);
  }
}
