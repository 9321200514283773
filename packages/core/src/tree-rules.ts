/** What the tree of a release may hold: one rule for the one who builds it and for the one who unpacks it. */

import { innerPath } from './manifest.ts';
import { accepts } from './parse.ts';
import { printable } from './printable.ts';
import { comparePaths, type TreeEntry } from './tree.ts';

/** An entry as far as it can be judged before its content is read. */
export type TreePlace = { readonly kind: TreeEntry['kind']; readonly path: string; readonly target?: string };

export const part_bytes_max = 255;
export const path_bytes_max = 1024;
export const target_bytes_max = 1024;

/** Of all paths together, each with the form it is compared in: what a device has to remember while it unpacks. */
export const names_bytes_max = 16 * 1024 * 1024;

/**
 * To be asked of each entry in turn. The answer is what is wrong with it, as the end of a sentence that begins with its
 * path, or undefined.
 */
export function treeRules(platform: string): (entry: TreePlace) => string | undefined {
  const folders = new Set<string>();
  const taken = new Map<string, string>();
  let before = '';
  let names_bytes = 0;

  return (entry) => nameProblem(entry, platform) ?? placeProblem(entry);

  /** Its folder is an entry before it, so nothing is ever written through a symlink; and no name is taken twice. */
  function placeProblem({ kind, path }: TreePlace): string | undefined {
    if (before !== '' && comparePaths(before, path) >= 0) {
      return before === path ? 'is there twice' : `stands after ${quoted(before)}: entries are sorted by path`;
    }
    const slash = path.lastIndexOf('/');
    if (slash > 0 && !folders.has(path.slice(0, slash))) return 'is below what is not a folder of the tree';
    const fold = foldedPath(path);
    const twin = taken.get(fold);
    if (twin !== undefined) return `has the same name as ${quoted(twin)} on some file systems`;
    names_bytes += bytesOf(path) + bytesOf(fold);
    if (names_bytes > names_bytes_max) return 'is one too many: the names alone are too long for a device to remember';
    taken.set(fold, path);
    if (kind === 'folder') folders.add(path);
    before = path;
    return undefined;
  }
}

/** The same for all names that some file system takes for one: without case, normal form and what cannot be seen. */
export function foldedPath(path: string): string {
  const plain = path.normalize('NFKC').replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
  // Down and up again, so that also ẞ and SS, ſ and S, İ and its two parts are one.
  return plain.toLowerCase().toUpperCase().normalize('NFKC');
}

function nameProblem({ kind, path, target }: TreePlace, platform: string): string | undefined {
  if (!accepts(innerPath, path)) return 'is not a relative path without "..", "\\" or an empty part';
  if (bytesOf(path) > path_bytes_max) return `is over ${path_bytes_max} bytes long`;
  const parts = path.split('/');
  if (parts.some((part) => bytesOf(part) > part_bytes_max)) return `has a part over ${part_bytes_max} bytes long`;
  const problem = charactersProblem(path, platform);
  if (problem !== undefined || kind !== 'symlink') return problem;
  return targetProblem(parts.length - 1, target ?? '', platform);
}

/**
 * A target goes up only at its beginning, where it starts from the real folder of the link, and then only down. Each
 * link ends inside the tree by this rule alone, so a chain of them does too.
 */
function targetProblem(depth: number, target: string, platform: string): string | undefined {
  const [, up = '', down = ''] = /^((?:\.\.(?:\/|$))*)(.*)$/s.exec(target) ?? [];
  const climbs = up.split('..').length - 1;
  const stays = climbs <= depth && (down === '' ? climbs > 0 : accepts(innerPath, down));
  if (!stays) return `is a symlink to ${quoted(target)}, outside the tree`;
  if (bytesOf(target) > target_bytes_max) return `is a symlink to a path over ${target_bytes_max} bytes long`;
  const problem = charactersProblem(down, platform);
  return problem && `is a symlink to ${quoted(target)}, which ${problem}`;
}

function charactersProblem(path: string, platform: string): string | undefined {
  if (!path.isWellFormed() || /\p{Cc}/u.test(path))
    return 'has a control character, or half of a character, in its name';
  if (!mayRunOnWindows(platform)) return undefined;
  const wrong = path.split('/').find((part) => part !== '' && !isWindowsName(part));
  return wrong === undefined ? undefined : `has the part ${quoted(wrong)}, which Windows takes for another name`;
}

function mayRunOnWindows(platform: string): boolean {
  return platform === 'any' || platform.startsWith('win32-');
}

/** No `a:b`, which writes into `a`; no dot or space at the end, which Windows drops; no device, such as `nul.txt`. */
function isWindowsName(part: string): boolean {
  const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?$/iu;
  return !/[<>:"|?*]|[. ]$/u.test(part) && !device.test(part);
}

function quoted(path: string): string {
  return JSON.stringify(printable(path, 200));
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
