/** One good document of each kind. */

const digest = 'ab'.repeat(32);
const instant = '2026-01-20T08:00:00Z';

export const sampleManifest = {
  format: 'kedge-manifest/1',
  product: 'recorder',
  version: '2.6.0-beta.3',
  channel: 'beta',
  counter: 26,
  severity: 'minor',
  released_at: instant,
  git_commit: 'c'.repeat(40),
  notes: 'Records in colour.',
  requirements: { hardware: ['pi4'], version_floor: '2.0.0', disk_free_bytes: 1, runtime: { node: '20.0.0' } },
  artifacts: [
    { platform: 'any', sha256: digest, length_bytes: 9, unpacked_bytes: 9, entry_count: 2, tree_sha256: digest },
  ],
  run: { command: ['node', 'app.mjs', '${data}'], environment: { PORT: '${port}' }, stop_timeout_ms: 2000 },
  data: [{ kind: 'sqlite', path: 'app.db' }],
  migrations: [
    { kind: 'sql', id: '0001_a', database: 'app.db', up: 'm/1.up.sql', down: 'm/1.down.sql', sha256: digest },
    { kind: 'command', id: '0002_b', database: 'app.db', up: ['m/2.up'] },
  ],
  checks: [
    { kind: 'http', name: 'answers', url: 'http://127.0.0.1:${port}/', contains: 'ok' },
    { kind: 'tcp', name: 'port', address: '127.0.0.1:${port}' },
    { kind: 'command', name: 'runs', command: ['bin/check'], critical: false },
  ],
  validation: { deadline_ms: 2000, healthy_for_ms: 0, interval_ms: 50 },
};

export const sampleRevocations = {
  format: 'kedge-revocations/1',
  sequence: 3,
  issued_at: instant,
  entries: [
    {
      manifest_sha256: digest,
      product: 'tiny',
      version: '1.0.0',
      reason: 'bad',
      action: 'refuse',
      revoked_at: instant,
    },
  ],
};

export const sampleRelease = {
  format: 'kedge-release/1',
  platforms: { any: 'tree', 'linux-x64': 'out/linux' },
  released_at: instant,
  git_commit: null,
  migrations: { database: 'app.db', folder: 'migrations' },
  product: 'tiny',
  run: { command: ['node', 'app.mjs'] },
};

const plainKey = {
  format: 'kedge-key/1',
  role: 'stable',
  key_id: digest,
  public: '248acbdbaf9e050196de704bea2d68770e519150d103b587dae2d9cad53dd930',
  created_at: instant,
  secret: { kind: 'plain', seed: digest },
};

/** The same secret, under the passphrase "secret". */
const sealed = {
  scrypt_n: 16,
  scrypt_r: 1,
  scrypt_p: 1,
  salt: 'cd'.repeat(16),
  nonce: 'cd'.repeat(12),
  ciphertext: 'e49ce5d884cbb5da25dc2a1413494f6f9b3e0a392b47372aa393db78ad0b0105',
  tag: '1d185264f511bb5453dec5de1be0aadb',
};
export const sampleKeys = [plainKey, { ...plainKey, secret: { kind: 'scrypt_aes256gcm', ...sealed } }];

export const sampleConfig = `
product: tiny
channel: stable
repository: ['https://releases.example.org/tiny', 'file:///media/usb']
root: root.json
folder: /var/lib/kedge
data: &data ../data
hardware: [pi4]
variables: { port: '8080', more: *data }
policy:
  severity: { critical: now, feature: never }
  windows: [{ days: [sat, sun], start: '02:00', end: '04:30' }]
  time_zone: Europe/Berlin
  check_interval_hours: 6
report_to: https://fleet.example.org/reports
`;

const release = { version: '1.1.0', counter: 2, manifest_sha256: digest };
const backup = { id: 'b1', taken_at: instant };
const update = { id: 'u1', started_at: instant, from: { ...release, version: '1.0.0' }, to: release, backup };
const failure = { failed_in: 'SWITCHED', reason: 'it is ill', fault: 'release' };
const lost_writes = { from: instant, until: instant };

export const sampleJournal = [
  { kind: 'STAGING', ...update, from: null, backup: null },
  { kind: 'ROLLING_BACK', ...update, failure, lost_writes: null },
  { kind: 'COMPLETE', ...update, outcome: 'rolled_back', failure, lost_writes, reported: true },
];

export const sampleInstalled = { current: release, previous: null, backup, since: instant };

export const sampleOwner = {
  channel: 'beta',
  consents: [
    { kind: 'approved', version: '1.0.0' },
    { kind: 'postponed', version: '1.1.0', until_ms: 1 },
  ],
};

export const sampleTrouble = {
  pins: [{ version: '1.1.0', counter: 2, reason: 'it is ill', pinned_at: instant }],
  interruptions: [{ version: '1.1.0', update_id: 'u1' }],
};

const report = {
  id: 'r1',
  device_id: 'd1',
  product: 'tiny',
  at: instant,
  kind: 'updated',
  from: null,
  to: '1.0.0',
  stage: 'commit',
  reasons: ['it is new'],
  obstacle: null,
  warnings: [],
  lost_writes,
  waits_until: instant,
  fetched_bytes: 9,
  stages: [{ name: 'discover', duration_ms: 3 }],
};

export const sampleLately = { checked: report, updated: null, refused: null, went_wrong: report };

export const sampleFloor = {
  roles: { root: { version: 1, keys_sha256: digest }, stable: { version: 7, keys_sha256: digest } },
  signed_at: instant,
  revocation_sequence: 3,
};
