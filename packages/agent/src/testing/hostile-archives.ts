/** Archives that no honest publisher makes, each with what is said when it is refused. */

import { constants, zstdCompressSync } from 'node:zlib';
import type { Artifact } from '@kedge/core/manifest';
import { end, entry, file, folder, frameHeader, link, pax, tarOf, zerosFrame } from './tar-writer.ts';

export type HostileCase = {
  /** As it goes on after "an archive with". */
  readonly name: string;
  readonly compressed: Buffer;
  readonly message: RegExp;
  readonly claims?: Partial<Artifact>;
};

type Row = readonly [name: string, tar: Buffer, message: RegExp, claims?: Partial<Artifact>];

const a_file = file('a');
const any: Partial<Artifact> = { platform: 'any' };
const bytes = (...values: readonly number[]) => Buffer.from(values);
const record = (text: string) => entry({ name: 'PaxHeader', type: 'x', content: text });

const paths: readonly Row[] = [
  ['an absolute path', tarOf(file('/etc/passwd')), /not a relative path/],
  ['a path that climbs', tarOf(file('../x')), /not a relative path/],
  ['a path that climbs inside', tarOf(folder('a'), file('a/../../x')), /not a relative path/],
  ['a prefix that climbs', tarOf(entry({ name: 'x', prefix: '..' })), /"\.\.\/x" .* not a relative path/],
  ['a pax path that climbs', tarOf(pax(['path', '../x']), a_file), /"\.\.\/x" .* not a relative path/],
  ['an absolute pax path', tarOf(pax(['path', '/etc/passwd']), a_file), /not a relative path/],
  ['a backslash', tarOf(file('a\\b')), /not a relative path/],
  ['an empty part', tarOf(folder('a'), file('a//b')), /not a relative path/],
  ['a dot part', tarOf(file('./a')), /not a relative path/],
  ['the tree itself', tarOf(folder('./')), /not a relative path/],
  ['an empty name', tarOf(file('')), /not a relative path/],
  ['a file that ends in a slash', tarOf(file('a/')), /not a relative path/],
  ['a zero byte in a name', tarOf(file('a\0b')), /"a" .* zero byte/],
  ['a zero byte in a target', tarOf(link('l', 'a\0/../..')), /zero byte/],
  ['a zero byte in a pax path', tarOf(pax(['path', 'a\0b']), a_file), /not a relative path/],
  ['a line break in a name', tarOf(file('a\nb')), /"a\\nb" .* control character/],
  ['an escape in a name', tarOf(file('\u001b[2Ja')), /control character/],
  ['a name that is not UTF-8', tarOf(file(bytes(0x61, 0xff))), /not UTF-8/],
  ['a pax path that is not UTF-8', tarOf(pax(['path', bytes(0x61, 0xc0, 0xaf)]), a_file), /not UTF-8/],
  ['a part over 255 bytes', tarOf(pax(['path', 'é'.repeat(128)]), a_file), /part over 255 bytes/],
  ['a path over 1024 bytes', tarOf(pax(['path', Array(206).fill('deep').join('/')]), a_file), /over 1024 bytes/],
  ['a stream of another file, as Windows takes it', tarOf(file('a:b')), /"a:b", which Windows/, any],
  ['a name whose last dot Windows drops', tarOf(file('a.')), /"a\.", which Windows/, any],
  ['a name whose last space Windows drops', tarOf(file('a ')), /"a ", which Windows/, { platform: 'win32-x64' }],
  ['a device of Windows', tarOf(folder('b'), file('b/Nul.txt')), /"Nul\.txt", which Windows/, any],
];

const links: readonly Row[] = [
  ['a hard link', tarOf(a_file, entry({ name: 'b', type: '1', linkname: 'a' })), /"b" .* hard link/],
  ['a hard link out', tarOf(entry({ name: 'b', type: '1', linkname: '/etc/passwd' })), /hard link/],
  ['an absolute symlink', tarOf(link('a', '/etc/passwd')), /symlink to "\/etc\/passwd", outside/],
  ['a symlink that climbs out', tarOf(folder('a'), link('a/b', '../../x')), /outside the tree/],
  ['a symlink that climbs after going down', tarOf(folder('a'), link('a/l', '..'), link('x', 'a/l/../x')), /outside/],
  ['a pax target that climbs', tarOf(pax(['linkpath', '../x']), link('l', 'a')), /"\.\.\/x", outside/],
  ['a symlink to nothing', tarOf(link('a', '')), /symlink to "", outside/],
  ['a symlink to the tree itself', tarOf(link('a', '.')), /outside the tree/],
  ['a target over 1024 bytes', tarOf(pax(['linkpath', `x${'/x'.repeat(512)}`]), link('l', 'a')), /over 1024 bytes/],
  ['a target with an escape', tarOf(link('l', 'a\u001b')), /control character/],
  [
    'a symlink with content',
    tarOf(entry({ name: 'l', type: '2', linkname: 'a', content: 'x' })),
    /symlink with content/,
  ],
  ['a file with a target', tarOf(entry({ name: 'a', linkname: 'b' })), /file with the target/],
  ['a file with a pax target', tarOf(pax(['linkpath', 'b']), a_file), /file with the target/],
  ['an entry below a symlink', tarOf(link('a', 'b'), file('a/x'), folder('b')), /"a\/x" .* not a folder/],
  ['an entry below a file', tarOf(a_file, file('a/x')), /not a folder/],
  ['an entry before its folder', tarOf(file('a/x'), folder('a')), /not a folder/],
  ['a folder in the place of a symlink', tarOf(link('a', 'b'), folder('a')), /there twice/],
];

const kinds: readonly Row[] = [
  ...(
    [
      ['3', 'character device'],
      ['4', 'block device'],
      ['6', 'fifo'],
      ['7', 'contiguous file'],
      ['s', 'unknown type "s"'],
      ['S', 'sparse file'],
      ['D', 'folder listing'],
      ['K', 'long link name'],
      ['L', 'long name'],
      ['M', 'several volumes'],
      ['N', 'long name'],
      ['V', 'volume name'],
      ['X', 'pax header of old'],
      ['\0', 'ancient tar'],
      ['Z', 'unknown type "Z"'],
    ] as const
  ).map(([type, what]): Row => [`an entry that is a ${what}`, tarOf(entry({ name: 'a', type })), new RegExp(what)]),
  ['a GNU long name', tarOf(entry({ name: '././@LongLink', type: 'L', content: '../x\0' }), a_file), /GNU long name/],
  ['a global pax header', tarOf(entry({ name: 'g', type: 'g', content: '13 path=../x\n' }), a_file), /for all entries/],
  ['a setuid file', tarOf(file('a', 'x', 0o4755)), /mode 4755: setuid/],
  ['a setgid folder', tarOf(folder('a', 0o2755)), /mode 2755/],
  ['a sticky folder', tarOf(folder('a', 0o1777)), /mode 1777/],
  ['a mode that is not octal', tarOf(entry({ name: 'a', mode: bytes(0x80, 0, 0, 0, 0, 0, 8, 0) })), /mode that is not/],
  ['a folder with content', tarOf(entry({ name: 'a', type: '5', content: 'x' })), /folder with content/],
];

const twins: readonly Row[] = [
  ['the same name twice', tarOf(file('a', 'x'), file('a', 'y')), /there twice/],
  ['the same name twice, the second time in pax', tarOf(file('b'), pax(['path', 'b']), a_file), /there twice/],
  ['entries that are not sorted', tarOf(file('b'), a_file), /"a" .* stands after "b"/],
  ...(
    [
      ['case', 'Web', 'web'],
      ['their normal form', 'e\u0301', '\u00e9'],
      ['a ligature', 'fi', '\ufb01'],
      ['sharp s', 'STRASSE', 'straße'],
      ['capital sharp s', 'GROSS', 'GROẞ'],
      ['long s', 'S', 'ſ'],
      ['dotted capital I', 'i\u0307', 'İ'],
      ['the sign for kelvin', 'k', '\u212a'],
      ['what cannot be seen', '.git', '.g\u200cit'],
    ] as const
  ).map(([what, one, other]): Row => {
    return [
      `names that differ in ${what}`,
      tarOf(file(one), file(other)),
      /has the same name as ".*" on some file systems/,
    ];
  }),
];

const sizes: readonly Row[] = [
  [
    'more entries than the manifest says',
    tarOf(a_file, file('b')),
    /"b" .* one more than the 1 entries/,
    { entry_count: 1 },
  ],
  [
    'more bytes than the manifest says',
    tarOf(a_file, file('b', 'yy')),
    /"b" .* past the 2 bytes/,
    { unpacked_bytes: 2 },
  ],
  ['a negative size', tarOf(entry({ name: 'a', size: Buffer.alloc(12, 0xff) })), /size that is no number/],
  ['a size beyond all numbers', tarOf(entry({ name: 'a', size: bytes(0x80, ...Array(11).fill(0xff)) })), /no number/],
  [
    'a size of 8 GiB',
    tarOf(entry({ name: 'a', size: bytes(0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0) })),
    /past the 1000000/,
  ],
  ['a size in words', tarOf(entry({ name: 'a', size: Buffer.from('many') })), /no number/],
  ['a size in pax', tarOf(pax(['size', '1000']), a_file), /pax header with "size"/],
  [
    'a sparse map in pax',
    tarOf(pax(['GNU.sparse.major', '1'], ['GNU.sparse.name', '../x']), a_file),
    /"GNU\.sparse\.major"/,
  ],
  ['an owner in pax', tarOf(pax(['uid', '0']), a_file), /pax header with "uid"/],
  ['another character set in pax', tarOf(pax(['hdrcharset', 'BINARY'], ['path', 'b']), a_file), /"hdrcharset"/],
  ['two paths in pax', tarOf(pax(['path', 'b'], ['path', '../b']), a_file), /one path/],
  ['an empty path in pax', tarOf(pax(['path', '']), a_file), /pax header with "path"/],
  ['a field of all objects in pax', tarOf(pax(['__proto__', 'x']), a_file), /pax header with "__proto__"/],
  ['a pax record that is too long', tarOf(record('99 path=b\n'), a_file), /pax header that is damaged/],
  ['a pax record that is too short', tarOf(record('7 path=b\n'), a_file), /pax header that is damaged/],
  ['a pax record of negative length', tarOf(record('-9 path=b\n'), a_file), /pax header that is damaged/],
  ['a pax record without a length', tarOf(record('path=b\n'), a_file), /pax header that is damaged/],
  ['a pax record without a value', tarOf(record('7 path\n'), a_file), /pax header that is damaged/],
  ['a pax header of megabytes', tarOf(record('x'.repeat(200_000)), a_file), /200000 bytes: names are not that long/],
  [
    'one pax header after another',
    tarOf(pax(['path', 'b']), pax(['path', '../x']), a_file),
    /one pax header after another/,
  ],
  ['a pax header before the end', tarOf(pax(['path', 'b'])), /checksum/],
];

const ends: readonly Row[] = [
  ['a wrong checksum', tarOf(entry({ name: 'a', checksum_error: 1 })), /wrong checksum/],
  ['the header of GNU', tarOf(entry({ name: 'a', magic: 'ustar  \0' })), /"a" .* no header of a POSIX tar/],
  ['no magic', tarOf(entry({ name: 'a', magic: '' })), /no header of a POSIX tar/],
  ['no end', Buffer.concat([a_file]), /without the two empty blocks/],
  ['half an end', Buffer.concat([a_file, end.subarray(512)]), /without the two empty blocks/],
  ['nothing in it', Buffer.alloc(0), /without the two empty blocks/],
  ['a header that is cut', a_file.subarray(0, 300), /cut short/],
  ['a file that is cut', file('a', 'x'.repeat(5000)).subarray(0, 3000), /"a" .* cut short/],
  [
    'an entry after one empty block',
    Buffer.concat([a_file, end.subarray(512), tarOf(file('b'))]),
    /goes on after an empty block/,
  ],
  ['an entry after its end', Buffer.concat([tarOf(a_file), tarOf(file('../b'))]), /goes on after its end/],
  ['garbage after its end', Buffer.concat([tarOf(a_file), Buffer.from('x')]), /goes on after its end/],
];

const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const frame = zstdCompressSync(tarOf(a_file));
const skippable = Buffer.concat([bytes(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0), Buffer.from('skip')]);
const torn = zstdCompressSync(tarOf(a_file), checked);
torn[torn.length - 1] = ~(torn.at(-1) ?? 0);

const frames: readonly HostileCase[] = [
  { name: 'zeros for ever', compressed: zerosFrame(1_000_000_000), message: /goes on after its end/ },
  {
    name: 'a file that goes on for ever',
    compressed: zstdCompressSync(Buffer.concat([entry({ name: 'a', size: 900_000 }), Buffer.alloc(3_000_000)])),
    message: /goes on after its end/,
  },
  {
    name: 'no frame of zstd',
    compressed: Buffer.from('PK\u0003\u0004 and so on'),
    message: /not one whole frame of zstd/,
  },
  { name: 'half a frame', compressed: frame.subarray(0, -9), message: /not one whole frame of zstd/ },
  { name: 'a wrong checksum of its frame', compressed: torn, message: /not one whole frame of zstd/ },
  {
    name: 'a window of 1 TB',
    compressed: Buffer.concat([frameHeader(0, 40), bytes(1, 0, 0)]),
    message: /too much memory/,
  },
  { name: 'a dictionary', compressed: Buffer.concat([frameHeader(1, 20, 7), bytes(1, 0, 0)]), message: /Dictionary/ },
  { name: 'a frame that is skipped', compressed: Buffer.concat([skippable, frame]), message: /it begins otherwise/ },
  {
    name: 'a frame that is skipped at its end',
    compressed: Buffer.concat([frame, skippable]),
    message: /after its first/,
  },
  { name: 'two frames', compressed: Buffer.concat([frame, frame]), message: /after its first frame/ },
  { name: 'garbage after its frame', compressed: Buffer.concat([frame, Buffer.from('x')]), message: /after its first/ },
];

export const hostileCases: readonly HostileCase[] = [
  ...[paths, links, kinds, twins, sizes, ends].flat().map(([name, tar, message, claims = {}]): HostileCase => {
    return { name, compressed: zstdCompressSync(tar), message, claims };
  }),
  ...frames,
];
