import { expect, test } from 'vitest';
import { isRealInstant } from './instant.ts';

test.each(['2026-01-20T08:00:00Z', '2026-01-20T08:00:00.123Z', '2024-02-29T23:59:59Z'])('%s exists', (iso) => {
  expect(isRealInstant(iso)).toBe(true);
});

test.each(['2026-02-30T08:00:00Z', '2025-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-20T24:00:00Z', 'soon'])(
  '%s does not exist',
  (iso) => {
    expect(isRealInstant(iso)).toBe(false);
  },
);
