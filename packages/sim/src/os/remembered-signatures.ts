import crypto from 'node:crypto';

/**
 * Has this process remember the keys that were read and the signatures that were found right. Both are pure functions, and in
 * an exploration the same few hundred signatures are verified a million times. One that is wrong is verified each time.
 *
 * @returns forgets them all, for work that meets new keys for ever
 */
export function rememberSignatures(): () => void {
  const { createPublicKey, verify, createHash } = crypto;
  const keys = new Map<string, crypto.KeyObject>();
  const right = new WeakMap<crypto.KeyObject, Set<string>>();

  function rememberedKey(input: Parameters<typeof createPublicKey>[0]): crypto.KeyObject {
    const name = JSON.stringify(input);
    const key = keys.get(name) ?? createPublicKey(input);
    keys.set(name, key);
    return key;
  }

  function rememberedVerify(...[algorithm, data, key, signature]: VerifyArguments): boolean {
    const read = typeof key === 'object' && 'key' in key ? key.key : key;
    if (!(read instanceof crypto.KeyObject)) return verify(algorithm, data, key, signature);
    const known = right.get(read) ?? new Set();
    right.set(read, known);
    const name = createHash('sha256').update(data).update(signature).digest('base64');
    if (known.has(name)) return true;
    const isRight = verify(algorithm, data, key, signature);
    if (isRight) known.add(name);
    return isRight;
  }

  Object.assign(crypto, { createPublicKey: rememberedKey, verify: rememberedVerify });
  return () => keys.clear();
}

type VerifyArguments = [
  algorithm: string | null | undefined,
  data: NodeJS.ArrayBufferView,
  key: crypto.KeyLike | crypto.VerifyKeyObjectInput,
  signature: NodeJS.ArrayBufferView,
];
