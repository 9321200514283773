/** The list of withdrawn releases on this device: always the newest that was ever trusted here. */

import { digestOf } from '@kedge/core/digest';
import { InvalidInput, parseJson } from '@kedge/core/parse';
import { type Disk, errorCode, type Sha256 } from '@kedge/core/ports';
import { type RevocationList, revocationList } from '@kedge/core/revocation';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { Distrust } from './distrust.ts';
import { revocation_list_bytes_max } from './limits.ts';
import { revocationListPath } from './roles.ts';
import { fetchTarget, type TargetRequest, targetRef } from './target-file.ts';

export const revocationsFile = 'revocations.json';

/** Of the list that the trusted metadata names. `fetched` is absent when it is on this device already. */
export async function loadRevocations(
  session: TargetRequest & { readonly disk: Disk; readonly folder: string; readonly store: TrustedMetadataStore },
): Promise<{ readonly list: RevocationList | undefined; readonly fetched: Uint8Array | undefined }> {
  const target = session.store.getRole('revocations')?.signed.targets[revocationListPath];
  if (!target) return { list: undefined, fetched: undefined };
  const ref = targetRef(target);
  const cached = await readRevocations(session);
  if (cached?.sha256 === ref.sha256) return { list: cached.list, fetched: undefined };
  const fetched = await fetchTarget(session, ref, revocation_list_bytes_max);
  try {
    return { list: parseList(fetched), fetched };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new Distrust(
      'malformed',
      `${revocationListPath}: ${error.message}: this agent may be too old for this publisher`,
      { cause: error },
    );
  }
}

/** Undefined when there is none, or only a torn one. */
export async function readRevocations(place: {
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly folder: string;
}): Promise<{ readonly list: RevocationList; readonly sha256: string } | undefined> {
  try {
    const bytes = await place.disk.read(`${place.folder}/${revocationsFile}`, revocation_list_bytes_max);
    return bytes && { list: parseList(bytes), sha256: digestOf(place.sha256, bytes) };
  } catch (error) {
    if (error instanceof InvalidInput || errorCode(error) === 'EFBIG') return undefined;
    throw error;
  }
}

function parseList(bytes: Uint8Array): RevocationList {
  return parseJson(revocationList, new TextDecoder().decode(bytes), 'the list');
}
