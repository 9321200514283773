/** The release manifest: what a channel's key signs, and all that a device believes about a release. */

import { channels, severities } from './channel.ts';
import { isRealInstant } from './instant.ts';
import {
  boolean,
  type Infer,
  InvalidInput,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  refine,
  table,
  text,
  variants,
  withDefault,
} from './parse.ts';
import { versionText } from './version.ts';

export const name = text({ pattern: /^[a-z0-9][a-z0-9_.-]{0,63}$/, is: 'a name of a-z, 0-9, _ . -' });
export const sha256Hex = text({ pattern: /^[0-9a-f]{64}$/, is: 'a SHA-256 in lower case hex' });
export const instant = refine(
  text({
    pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/,
    is: 'a UTC time like 2026-01-20T08:00:00Z',
  }),
  (value, path) => {
    if (isRealInstant(value)) return value;
    throw new InvalidInput(path, `must be a time that exists, got "${value}"`);
  },
);

/** Inside the release or the data folder: relative, no `..`, no empty part. */
export const innerPath = text({
  pattern: /^(?!\.{1,2}(\/|$))[^/\0\\]+(\/(?!\.{1,2}(\/|$))[^/\0\\]+)*$/,
  is: 'a relative path without ".." or "\\"',
});

/** `linux-x64`, `linux-arm64`, `linux-arm`, `darwin-arm64`, `win32-x64`, ..., or `any` for a release of scripts only. */
export const platform = text({ pattern: /^(any|[a-z0-9]+-[a-z0-9]+)$/, is: 'a platform like linux-x64, or any' });

/** May hold `${data}`, `${release}` and the variables of the device's configuration, as `${port}`. */
const template = text({ length_max: 2048 });
const command = list(template, { min: 1, max: 100 });
const timeout_ms = withDefault(integer({ min: 1, max: 600_000 }), 5_000);

const common = {
  name,
  /** A critical check decides; another one is tried 3 times and reported. */
  critical: withDefault(boolean, true),
  timeout_ms,
};

export const check = variants({
  http: {
    ...common,
    url: template,
    status: withDefault(integer({ min: 100, max: 599 }), 200),
    contains: optional(template),
  },
  /** Passes when the answer has `data` and no `errors`. */
  graphql: { ...common, url: template, query: template },
  /** `address` is host:port. */
  tcp: { ...common, address: template },
  /** `PRAGMA integrity_check` and `foreign_key_check` of a database in the data folder. */
  sqlite: { ...common, path: innerPath },
  dns: { ...common, host: template },
  /** Any answer, of any status, from any of the URLs. */
  internet: { ...common, urls: list(template, { min: 1, max: 10 }) },
  /** Passes on exit code 0. Runs in the release's folder. */
  command: { ...common, command },
  /**
   * Passes when the agent gets the metadata of its repository: a device that no update can reach any more is lost. Each
   * request has its own limit of time.
   */
  repository: common,
});
export type Check = Infer<typeof check>;

export const migration = variants({
  sql: {
    id: name,
    database: innerPath,
    up: innerPath,
    down: optional(innerPath),
    /** SELECTs that must give no row; each row is a reason not to migrate. */
    precheck: optional(innerPath),
    /** Of the up script, the down script and the pre-check, in this order, each closed by a zero byte. */
    sha256: sha256Hex,
  },
  command: { id: name, database: innerPath, up: command, down: optional(command), precheck: optional(command) },
});
export type Migration = Infer<typeof migration>;

export const dataPart = variants({
  /** One database file, with its `-wal` and `-shm`. */
  sqlite: { path: innerPath },
  directory: { path: innerPath },
});
export type DataPart = Infer<typeof dataPart>;

export const artifact = object({
  platform,
  /** Of the file at `artifacts/<sha256>.tar.zst` in the repository. */
  sha256: sha256Hex,
  length_bytes: integer({ min: 1 }),
  unpacked_bytes: integer({ min: 0 }),
  /** A device remembers every name while it unpacks. */
  entry_count: integer({ min: 1, max: 100_000 }),
  /** See `treeDigest`. */
  tree_sha256: sha256Hex,
});
export type Artifact = Infer<typeof artifact>;

/** Absent means no requirement. */
const requirements = object({
  /** Hardware ids; the device must have one of them. */
  hardware: optional(list(name, { min: 1 })),
  /** The oldest installed version that can go straight to this release. */
  version_floor: optional(versionText),
  agent_version_min: optional(versionText),
  /** Free space needed beside the unpacked release and the backup. */
  disk_free_bytes: optional(integer({ min: 0 })),
  /** Installed memory. */
  ram_bytes: optional(integer({ min: 0 })),
  /** The oldest version of each runtime, as `{ "node": "20.0.0" }`. */
  runtime: optional(table(name, versionText)),
});

export const manifestFormat = 'kedge-manifest/1';

export const manifest = object({
  format: oneOf(manifestFormat),
  product: name,
  version: versionText,
  channel: oneOf(...channels),
  /** Grows with every release of the product, so that no stolen online key can hand out an old one. From Uptane. */
  counter: integer({ min: 1 }),
  severity: oneOf(...severities),
  released_at: instant,
  git_commit: nullable(text({ pattern: /^[0-9a-f]{40}([0-9a-f]{24})?$/, is: 'a full git commit id' })),
  notes: withDefault(text({ length_max: 65_536 }), ''),
  requirements: withDefault(requirements, {}),
  artifacts: list(artifact, { min: 1, max: 64 }),
  run: object({
    /** The first word is looked up in the release's folder, then on the PATH. */
    command,
    environment: withDefault(table(text({ pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, is: 'a variable name' }), template), {}),
    /** From the polite signal to the deadly one. */
    stop_timeout_ms: withDefault(integer({ min: 0, max: 600_000 }), 10_000),
  }),
  data: withDefault(list(dataPart, { max: 100 }), []),
  migrations: withDefault(list(migration, { max: 10_000 }), []),
  /** Asked of the new release while it is validated. */
  checks: withDefault(list(check, { max: 100 }), []),
  /** Asked of the installed release before an update begins. A failing one defers. */
  preflight: withDefault(list(check, { max: 100 }), []),
  validation: withDefault(
    object({
      /** All critical checks must pass, without a break, for `healthy_for_ms` before the deadline. */
      deadline_ms: withDefault(integer({ min: 100, max: 3_600_000 }), 60_000),
      healthy_for_ms: withDefault(integer({ min: 0, max: 3_600_000 }), 5_000),
      interval_ms: withDefault(integer({ min: 10, max: 60_000 }), 1_000),
    }),
    { deadline_ms: 60_000, healthy_for_ms: 5_000, interval_ms: 1_000 },
  ),
});
export type Manifest = Infer<typeof manifest>;

/** Where a manifest stands in the repository: a TUF target of its channel's role. */
export function manifestPath(release: {
  readonly channel: string;
  readonly product: string;
  readonly version: string;
}): string {
  return `${release.channel}/${release.product}/${release.version}.json`;
}

/** Where an artifact stands in the repository. It is found by its digest, so it is believed wherever it comes from. */
export function artifactPath(sha256: string): string {
  return `artifacts/${sha256}.tar.zst`;
}
