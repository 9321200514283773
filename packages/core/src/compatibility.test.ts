import { describe, expect, test } from 'vitest';
import { compatibilityOf } from './compatibility.ts';
import { sampleDevice, sampleManifest } from './sample.fixture.ts';

const version = '2.6.0';
const requiring = (requirements: unknown) => sampleManifest({ requirements });

describe('a release', () => {
  test('that asks for what the device has is compatible', () => {
    const manifest = requiring({
      hardware: ['cam-1', 'cam-2'],
      version_floor: '2.5.0',
      agent_version_min: '1.0.0',
      disk_free_bytes: 1_000_000 - 4_500,
      ram_bytes: 1_000_000,
      runtime: { node: '24.1.0' },
    });
    const [artifact] = manifest.artifacts;
    expect(compatibilityOf(manifest, sampleDevice)).toEqual({ kind: 'compatible', artifact });
  });

  test.each([
    [{ hardware: ['cam-2'] }, { kind: 'hardware_unsupported', hardware: ['cam-1'], accepted: ['cam-2'] }],
    [{ version_floor: '2.5.1' }, { kind: 'version_floor', installed: '2.5.0', floor: '2.5.1' }],
    [{ agent_version_min: '1.0.1' }, { kind: 'agent_too_old', agent_version: '1.0.0', needed: '1.0.1' }],
    [{ disk_free_bytes: 1_000_000 - 4_499 }, { kind: 'disk_too_full', free_bytes: 1_000_000, needed_bytes: 1_000_001 }],
    [{ ram_bytes: 1_000_001 }, { kind: 'memory_too_small', ram_bytes: 1_000_000, needed_bytes: 1_000_001 }],
    [{ runtime: { python: '3.11.0' } }, { kind: 'runtime_missing', runtime: 'python', needed: '3.11.0' }],
    [{ runtime: { constructor: '1.0.0' } }, { kind: 'runtime_missing', runtime: 'constructor', needed: '1.0.0' }],
    [{ runtime: { node: '24.2.0' } }, { kind: 'runtime_too_old', runtime: 'node', found: '24.1.0', needed: '24.2.0' }],
  ])('that asks for %j is not', (requirements, reason) => {
    expect(compatibilityOf(requiring(requirements), sampleDevice)).toEqual({
      kind: 'incompatible',
      reasons: [{ version, ...reason }],
    });
  });

  test('that is not built for the platform is not', () => {
    expect(compatibilityOf(sampleManifest(), { ...sampleDevice, platform: 'linux-arm' })).toEqual({
      kind: 'incompatible',
      reasons: [{ kind: 'platform_missing', version, platform: 'linux-arm', offered: ['linux-x64'] }],
    });
  });

  test('says all that stands against it, not only the first', () => {
    const manifest = requiring({ hardware: ['cam-2'], ram_bytes: 2_000_000, runtime: { node: '25.0.0' } });
    const found = compatibilityOf(manifest, { ...sampleDevice, platform: 'linux-arm' });
    expect(found.kind === 'incompatible' && found.reasons.map(({ kind }) => kind)).toEqual([
      'platform_missing',
      'hardware_unsupported',
      'runtime_too_old',
      'memory_too_small',
    ]);
  });

  test('needs room for itself packed and unpacked, for the backup and for what it asks beside', () => {
    const fits = { ...sampleDevice, disk_free_bytes: 3_000 + 1_000 + 500 + 7 };
    expect(compatibilityOf(requiring({ disk_free_bytes: 7 }), fits).kind).toBe('compatible');
    expect(compatibilityOf(requiring({ disk_free_bytes: 8 }), fits).kind).toBe('incompatible');
  });

  test('asks for one hardware id of several, and the device may have several', () => {
    const modular = { ...sampleDevice, hardware: ['cam-1', 'gate-3'] };
    expect(compatibilityOf(requiring({ hardware: ['gate-2', 'gate-3'] }), modular).kind).toBe('compatible');
  });

  test('has no version floor for a first install', () => {
    const empty = { ...sampleDevice, installed: null };
    expect(compatibilityOf(requiring({ version_floor: '9.0.0' }), empty).kind).toBe('compatible');
  });
});
