/** Key files: one for each key, in a folder of their own that never stands in the repository. */

import { digestOfText } from '@kedge/core/digest';
import { instant, sha256Hex } from '@kedge/core/manifest';
import { type Infer, InvalidInput, integer, object, oneOf, parseJson, text, variants } from '@kedge/core/parse';
import type { Clock, Disk, Random, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { type Role, roleNames } from '@kedge/trust/roles';
import { canonicalize } from '@tufjs/canonical-json';
import { Key } from '@tufjs/models';
import { instantOf } from './lifetime.ts';
import { publicKeyOf, signWith } from './os/ed25519.ts';
import { seal, unseal } from './os/sealed.ts';
import { Refused } from './refused.ts';

export type KeyPorts = {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
};

export type KeyPlace = {
  /** Absolute. */
  readonly folder: string;
  /** Undefined: new keys are not encrypted, and encrypted ones cannot sign. */
  readonly passphrase: string | undefined;
};

const hex = (bytes: number) => text({ pattern: new RegExp(`^[0-9a-f]{${2 * bytes}}$`), is: `${bytes} bytes in hex` });

const keyFile = object({
  format: oneOf('kedge-key/1'),
  role: oneOf(...roleNames),
  key_id: sha256Hex,
  /** Ed25519. */
  public: hex(32),
  created_at: instant,
  secret: variants({
    plain: { seed: hex(32) },
    scrypt_aes256gcm: {
      /** A power of two. At these limits it takes 1 GiB of memory, and at ours 128 MiB. */
      scrypt_n: oneOf(...Array.from({ length: 21 }, (_, log) => 2 ** log).slice(1)),
      scrypt_r: integer({ min: 1, max: 8 }),
      scrypt_p: integer({ min: 1, max: 4 }),
      salt: hex(16),
      nonce: hex(12),
      ciphertext: hex(32),
      tag: hex(16),
    },
  }),
});
export type KeyFile = Infer<typeof keyFile>;

const key_file_bytes_max = 16_384;

export type Keyring = {
  readonly key_ids: ReadonlySet<string>;
  /** Lower case hex. @throws Refused when the passphrase is missing or wrong, or the file is damaged */
  sign(key_id: string, bytes: Uint8Array): string;
};

/** The secrets stay sealed until they sign. */
export async function readKeyring(disk: Disk, place: KeyPlace): Promise<Keyring> {
  const files = new Map<string, KeyFile>();
  for (const name of (await disk.list(place.folder)) ?? []) {
    if (!name.endsWith('.json')) continue;
    const bytes = await disk.read(`${place.folder}/${name}`, key_file_bytes_max);
    if (!bytes) continue;
    const file = parseKeyFile(name, new TextDecoder().decode(bytes));
    files.set(file.key_id, file);
  }
  return {
    key_ids: new Set(files.keys()),
    sign(key_id, bytes) {
      const file = files.get(key_id);
      if (!file) throw new Error(`no key ${key_id} in ${place.folder}`);
      const seed = openSecret(file, place.passphrase);
      // A repository that is signed with it would be believed by nobody, and could not be mended by publishing again.
      if (publicKeyOf(seed) !== file.public) {
        throw new Refused(`${fileNameOf(file)}: its secret is not that of its public key; restore it from a copy`);
      }
      return signWith(seed, bytes);
    },
  };
}

function parseKeyFile(name: string, text: string): KeyFile {
  try {
    return parseJson(keyFile, text, 'content');
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(name, `${error.message}: restore this key file, or move it out of the folder`, {
      cause: error,
    });
  }
}

/** Makes keys and writes them before anything names them, so that no role is ever left without its key. */
export async function makeKeys(ports: KeyPorts, place: KeyPlace, role: Role, count: number): Promise<readonly Key[]> {
  await makeFolderDurable(ports.disk, place.folder, 0o700);
  const keys: Key[] = [];
  for (let made = 0; made < count; made += 1) {
    const seed = ports.random.bytes(32);
    const key = publicKey(ports.sha256, publicKeyOf(seed));
    const file: KeyFile = {
      format: 'kedge-key/1',
      role,
      key_id: key.keyID,
      public: publicKeyOf(seed),
      created_at: instantOf(ports.clock.now_ms()),
      secret:
        place.passphrase === undefined
          ? { kind: 'plain', seed: Buffer.from(seed).toString('hex') }
          : { kind: 'scrypt_aes256gcm', ...seal(seed, place.passphrase, ports.random) },
    };
    const path = `${place.folder}/${keyFileName(role, key.keyID)}`;
    await writeAtomic(ports.disk, path, new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`), 0o600);
    keys.push(key);
  }
  return keys;
}

export function keyFileName(role: string, key_id: string): string {
  return `${role}-${key_id.slice(0, 16)}.json`;
}

function fileNameOf({ role, key_id }: KeyFile): string {
  return keyFileName(role, key_id);
}

/** A key's id is the digest of its canonical form (TUF 1.0, section 4.2). */
function publicKey(sha256: Sha256, publicHex: string): Key {
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } };
  return Key.fromJSON(digestOfText(sha256, canonicalize(json)), json);
}

function openSecret(file: KeyFile, passphrase: string | undefined): Uint8Array {
  const { secret } = file;
  if (secret.kind === 'plain') return Buffer.from(secret.seed, 'hex');
  const name = fileNameOf(file);
  if (passphrase === undefined) throw new Refused(`${name} is encrypted: give its passphrase in KEDGE_PASSPHRASE`);
  const seed = unseal(secret, passphrase);
  if (!seed) throw new Refused(`${name}: the passphrase is wrong, or the file is damaged`);
  return seed;
}
