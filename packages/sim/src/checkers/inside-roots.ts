/** Nothing outside of the device's own folder was touched. */

import { device_folder } from '../simulated-device.ts';
import type { Checker } from './checker.ts';

export const insideRoots: Checker = async ({ touched }) => {
  const outside = [...touched].find((path) => path !== device_folder && !path.startsWith(`${device_folder}/`));
  return outside === undefined ? undefined : `${outside} was touched`;
};
