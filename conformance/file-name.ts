import { Distrust } from '@kedge/trust/distrust';

/** Any name, of a role or a target, as one file in a folder. @throws Distrust */
export function fileNameOf(name: string): string {
  if (name.isWellFormed()) return encodeURIComponent(name);
  throw new Distrust('malformed', 'a name that is no Unicode text');
}
