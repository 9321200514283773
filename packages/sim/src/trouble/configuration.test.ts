import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

let owner: Owner;
beforeAll(async () => {
  owner = await ownerOfInstalled();
});
afterAll(() => owner.close());

test('a configuration that cannot be used is one line that names the file, the key and what is known, and exit code 3', async () => {
  const mistakes = [
    ['chanel: beta', /kedge\.yaml: chanel: is not known; did you mean "channel"\?$/],
    [
      'policy: { download_byte_max: 5 }',
      /kedge\.yaml: policy\.download_byte_max: is not known; .*"download_bytes_max"\?$/,
    ],
    ['channel: gold', /kedge\.yaml: channel: must be one of nightly, beta, stable, lts, hotfix, got "gold"$/],
    ['policy: {', /kedge\.yaml: is not YAML: .* line \d+/],
  ] as const;
  for (const [more, line] of mistakes) {
    owner.configure(more);
    const { code, err, out } = await owner.kedge('check');
    expect({ code, out, lines: err.length }).toEqual({ code: 3, out: [], lines: 1 });
    expect(err[0]).toMatch(line);
  }
  owner.configure('');
  await owner.expectNothingLost();
});

test('a root of trust or a configuration that is not there is one line and exit code 3', async () => {
  rmSync(owner.config);
  expect(await owner.kedge('run')).toEqual({
    code: 3,
    out: [],
    err: [`kedge: there is no configuration ${owner.config}; name it with --config`],
  });
  writeFileSync(owner.config, "product: tiny\nrepository: ['http://127.0.0.1:9']\nroot: nowhere.json\n");
  appendFileSync(owner.config, 'folder: .\n');
  const { code, err } = await owner.kedge('run');
  expect({ code, err }).toEqual({
    code: 3,
    err: [expect.stringMatching(/^kedge: root: there is no file .*nowhere\.json; put the root\.json of /)],
  });
  owner.configure('');
});
