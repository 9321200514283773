import { existsSync } from 'node:fs';
import { missingTools } from '../../testing/tools.ts';

/** Why a disk that writes down what it is told cannot be made here, if so. */
export const missing =
  missingTools('mkfs.ext4', 'losetup', 'mount') ?? (existsSync('/dev/fuse') ? undefined : 'needs FUSE in the kernel');
