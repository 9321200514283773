/** What can be done with stolen keys, none of which is enough to make a device install what its vendor never meant for it. */

import { metadataFile } from '@kedge/trust/metadata-set';
import type { Role } from '@kedge/trust/roles';
import type { Attack, Ground, Verdict } from './attack.ts';
import { type Deed, type Forge, forgeOn, newestFile, openForge, parse, type Signed } from './forge.ts';
import { listForged, newestRelease } from './forged-release.ts';
import type { Loot } from './loot.ts';

const day_ms = 86_400_000;
const far = 2 ** 31;
const all = { seen: 'all' } as const;
const refused = (because: RegExp): Verdict => ({ ...all, report: 'refused', because });
const expired = (because: RegExp): Verdict => ({ ...all, report: 'blocked', because });
const unmoved = (because: RegExp): Verdict => ({ ...all, report: 'up_to_date', because });

function theft(loot: Loot, name: string, verdict: Verdict, deed: Deed, heals_with?: readonly Role[]): Attack {
  return {
    name,
    loot,
    verdict,
    apply: (ground) => forgeOn(ground, loot, deed),
    ...(heals_with ? { heals_with } : {}),
  };
}

const online = (name: string, verdict: Verdict, deed: Deed, heals_with?: readonly Role[]) =>
  theft('timestamp and snapshot', name, verdict, deed, heals_with);
const withChannel = (name: string, verdict: Verdict, deed: Deed, heals_with?: readonly Role[]) =>
  theft('the channel, timestamp and snapshot', name, verdict, deed, heals_with);
const withRevocations = (name: string, verdict: Verdict, deed: Deed, heals_with?: readonly Role[]) =>
  theft('revocations, timestamp and snapshot', name, verdict, deed, heals_with);

/** A snapshot that names the role's file of another day. */
async function listOld(forge: Forge, { past }: Ground, role: Role): Promise<boolean> {
  const now = await newestFile(forge.disk, role);
  for (const vendor of past) {
    const old = await openForge({ vendor, past: [], now_ms: forge.now_ms }, 'nothing');
    if ((await newestFile(old.disk, role)) === now) continue;
    const meta = (await old.signedBy('snapshot')).meta[`${role}.json`];
    if (!meta) continue;
    await forge.signOnline({ snapshot: (signed) => Object.assign(signed.meta, { [`${role}.json`]: meta }) });
    return true;
  }
  return false;
}

/** A list of revocations with another sequence, in a newer version of its role. */
async function revokeWith(forge: Forge, sequenceOf: (now: number) => number): Promise<void> {
  const signed = await forge.signedBy('revocations');
  const path = 'revocations/list.json';
  const sha256 = signed.targets[path]?.hashes.sha256;
  const list = JSON.parse(new TextDecoder().decode(await forge.read(`targets/revocations/${sha256}.list.json`)));
  const forged = { ...list, entries: [], sequence: sequenceOf(list.sequence) };
  await forge.list(signed, path, new TextEncoder().encode(JSON.stringify(forged)));
  signed.version += 1;
  await forge.lead('revocations', signed);
}

/** Signed yesterday, and good until then. */
function spent(forge: Forge): Pick<Signed, 'expires'> & Partial<Signed> {
  return { expires: expiresIn(forge, -1), signed_at: expiresIn(forge, -2) };
}

function expiresIn(forge: Forge, days: number): string {
  return `${new Date(forge.now_ms + days * day_ms).toISOString().slice(0, 19)}Z`;
}

export const thiefAttacks: readonly Attack[] = [
  online('an old channel in a new snapshot', refused(/of stable\.json is less than current version/), (forge, ground) =>
    listOld(forge, ground, 'stable'),
  ),
  online('old rollouts in a new snapshot', refused(/of rollouts\.json is less than current version/), (forge, ground) =>
    listOld(forge, ground, 'rollouts'),
  ),
  online(
    'an old list of revocations in a new snapshot',
    refused(/of revocations\.json is less than current/),
    (forge, ground) => listOld(forge, ground, 'revocations'),
  ),
  online(
    'an old snapshot in a new timestamp',
    refused(/New snapshot version \d+ is less than current version/),
    async (forge, { past }) => {
      const before = past.at(-1);
      if (!before) return false;
      const old = await openForge({ vendor: before, past: [], now_ms: forge.now_ms }, 'nothing');
      const { meta } = await old.signedBy('timestamp');
      await forge.signOnline({ timestamp: (signed) => Object.assign(signed, { meta }) });
      return true;
    },
  ),
  online('an expired timestamp', expired(/timestamp\.json is expired/), (forge) =>
    forge.signOnline({ timestamp: (signed) => Object.assign(signed, spent(forge)) }),
  ),
  online('an expired snapshot', expired(/snapshot\.json is expired/), (forge) =>
    forge.signOnline({ snapshot: (signed) => Object.assign(signed, spent(forge)) }),
  ),
  online(
    'a snapshot that forgets a role',
    { ...all, report: 'blocked', because: /Missing file revocations\.json/ },
    (forge) => forge.signOnline({ snapshot: ({ meta }) => delete meta['revocations.json'] }).then(() => undefined),
  ),
  online('a release that the channel never signed', refused(/stable was signed by 0\/1 keys/), async (forge) => {
    const channel = await listForged(forge, {});
    const bytes = new TextEncoder().encode(JSON.stringify({ signatures: [], signed: channel }));
    await forge.leadTo('stable', channel.version, bytes);
  }),
  online('a channel signed by the wrong role', refused(/stable was signed by 0\/1 keys/), async (forge) => {
    const channel = await listForged(forge, {});
    const { signatures } = parse(await forge.sign('snapshot', channel));
    await forge.leadTo(
      'stable',
      channel.version,
      new TextEncoder().encode(JSON.stringify({ signatures, signed: channel })),
    );
  }),
  online(
    'fast-forward',
    unmoved(/is the newest release/),
    (forge) =>
      forge.signOnline({ snapshot: (signed) => (signed.version = far), timestamp: (signed) => (signed.version = far) }),
    ['timestamp', 'snapshot'],
  ),
  online('fast-forward beyond what numbers can count', { ...all, report: 'blocked', because: /has version/ }, (forge) =>
    forge.signOnline({ timestamp: (signed) => (signed.version = 2 ** 60) }),
  ),
  online(
    'a timestamp that never expires, and nothing new',
    { ...all, report: 'blocked', because: /rollouts\.json is expired/, after_days: 8 },
    (forge) => forge.signOnline({ timestamp: (signed) => Object.assign(signed, { expires: expiresIn(forge, 3_650) }) }),
  ),
  online('a clock that is set to far-off days', { ...all, report: 'blocked', because: /is expired/ }, (forge) =>
    forge.signOnline({
      timestamp: (signed) =>
        Object.assign(signed, { signed_at: expiresIn(forge, 3_000), expires: expiresIn(forge, 3_650) }),
    }),
  ),
  online('a timestamp signed after its own end', { ...all, report: 'blocked', because: /it cannot be/ }, (forge) =>
    forge.signOnline({ timestamp: (signed) => Object.assign(signed, { signed_at: expiresIn(forge, 4_000) }) }),
  ),

  theft('one key of two', 'a root signed by one', refused(/root was signed by 1\/2 keys/), async (forge) => {
    const root = await forge.signedBy('root');
    root.version += 1;
    for (const keySet of Object.values(root.roles)) keySet.threshold = 1;
    await forge.write(`metadata/${metadataFile('root', root.version)}`, await forge.sign('root', root));
  }),
  theft('one key of two', 'delegations signed by one', refused(/targets was signed by 1\/2 keys/), async (forge) => {
    const targets = await forge.signedBy('targets');
    targets.version += 1;
    const { keyids = [] } = (await forge.signedBy('root')).roles['snapshot'] ?? {};
    const stable = targets.delegations.roles.find(({ name }) => name === 'stable');
    if (stable) stable.keyids = keyids;
    await forge.lead('targets', targets);
  }),
  theft(
    'one key of two',
    'another delegation, signed by one',
    refused(/targets was signed by 1\/2 keys/),
    async (forge) => {
      const targets = await forge.signedBy('targets');
      targets.version += 1;
      const { keyids = [] } = (await forge.signedBy('root')).roles['snapshot'] ?? {};
      targets.delegations.roles.unshift({
        name: 'mine',
        keyids,
        threshold: 1,
        paths: ['*/*/*.json'],
        terminating: true,
      });
      await forge.lead('targets', targets);
    },
  ),
  theft(
    'a revoked key',
    'a timestamp by a key that was replaced',
    refused(/timestamp was signed by 0\/1 keys/),
    async (forge) => {
      const timestamp = await forge.signedBy('timestamp');
      timestamp.version += 1;
      const bytes = await forge.sign('timestamp', timestamp);
      await forge.write('metadata/timestamp.json', bytes);
      return parse(bytes).signatures.length > 0;
    },
  ),
  theft(
    'the channel',
    'a channel that the snapshot does not name',
    { ...refused(/files of different days were mixed/), seen: 'all but the newest' },
    async (forge) => {
      const channel = await listForged(forge, {});
      channel.version -= 1;
      await forge.write(`metadata/${metadataFile('stable', channel.version)}`, await forge.sign('stable', channel));
    },
  ),

  withChannel('an expired channel', expired(/stable\.json is expired/), async (forge) =>
    forge.lead('stable', Object.assign(await listForged(forge, {}), spent(forge))),
  ),
  withChannel('an old release alone', unmoved(/is the newest release/), async (forge) => {
    const { channel } = await newestRelease(forge);
    const releases = Object.entries(channel.targets).toSorted(
      ([, a], [, b]) => (a.custom?.counter ?? 0) - (b.custom?.counter ?? 0),
    );
    channel.targets = Object.fromEntries(releases.slice(0, 1));
    channel.version += 1;
    await forge.lead('stable', channel);
  }),
  withChannel('a lower counter', unmoved(/is the newest release/), async (forge) =>
    forge.lead('stable', await listForged(forge, { counter: 1 })),
  ),
  withChannel('a lower version with a higher counter', unmoved(/is the newest release/), async (forge) =>
    forge.lead('stable', await listForged(forge, { version: '0.0.1' })),
  ),
  withChannel('the installed version with other content', unmoved(/is the newest release/), async (forge) => {
    const { content } = await newestRelease(forge);
    await forge.lead('stable', await listForged(forge, { version: content.version }));
  }),
  withChannel(
    'a manifest that contradicts its listed counter',
    unmoved(/the publisher has to publish it again/),
    async (forge) => {
      const { content } = await newestRelease(forge);
      await forge.lead('stable', await listForged(forge, { counter: 1 }, { counter: content.counter + 1 }));
    },
  ),
  withChannel('another product’s manifest', unmoved(/says it is stable\/other\/99\.0\.0\.json/), async (forge) => {
    const { content } = await newestRelease(forge);
    await forge.lead(
      'stable',
      await listForged(forge, { product: 'other' }, { path: `stable/${content.product}/99.0.0.json` }),
    );
  }),
  withChannel('another product', unmoved(/is the newest release/), async (forge) =>
    forge.lead('stable', await listForged(forge, { product: 'other' })),
  ),
  withChannel('another hardware’s release', refused(/hardware/), async (forge) =>
    forge.lead('stable', await listForged(forge, { requirements: { hardware: ['other-board'] } })),
  ),
  withChannel('another platform’s release', refused(/linux-x64/), async (forge) => {
    const { content } = await newestRelease(forge);
    const artifacts = structuredClone(content.artifacts);
    for (const artifact of artifacts) artifact.platform = 'plan9-mips';
    await forge.lead('stable', await listForged(forge, { artifacts }));
  }),
  withChannel('a channel that claims another’s paths', unmoved(/is the newest release/), async (forge) => {
    await forge.lead('stable', await listForged(forge, { channel: 'hotfix' }));
  }),
  withChannel('a channel that claims the list of revocations', unmoved(/is the newest release/), async (forge) => {
    const { channel } = await newestRelease(forge);
    await forge.list(channel, 'revocations/list.json', new TextEncoder().encode('{}'));
    channel.version += 1;
    await forge.lead('stable', channel);
  }),
  withChannel('a channel that is no list of releases', unmoved(/is the newest release/), async (forge) => {
    const { channel, content } = await newestRelease(forge);
    await forge.list(channel, `stable/${content.product}/99.0.0.json`, new TextEncoder().encode('[]'));
    channel.version += 1;
    await forge.lead('stable', channel);
  }),
  withChannel(
    'fast-forward of the channel',
    unmoved(/is the newest release/),
    async (forge) => {
      const { channel } = await newestRelease(forge);
      channel.version = far;
      await forge.lead('stable', channel);
    },
    ['stable', 'timestamp', 'snapshot'],
  ),

  withRevocations('an expired list of revocations', expired(/revocations\.json is expired/), async (forge) => {
    const signed = await forge.signedBy('revocations');
    await forge.lead('revocations', Object.assign(signed, spent(forge), { version: signed.version + 1 }));
  }),
  withRevocations(
    'a replayed list of revocations',
    refused(/revocation list \d+ is offered, but this device has trusted/),
    (forge) => revokeWith(forge, (now) => now - 1),
  ),
  withRevocations(
    'fast-forward of the revocations',
    unmoved(/is the newest release/),
    (forge) => revokeWith(forge, () => far),
    ['revocations', 'timestamp', 'snapshot'],
  ),
  withRevocations(
    'a list of revocations that is none',
    { ...all, report: 'blocked', because: /revocations\/list\.json/ },
    (forge) => revokeWith(forge, () => -1),
  ),
];
