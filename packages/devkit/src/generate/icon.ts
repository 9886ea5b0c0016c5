import { crc32 } from 'node:zlib';
import { zlibSync } from 'fflate';

// A spanner on a disc, 16 × 16; `o` is the disc, `x` the spanner.
const PICTURE = [
  '.....oooooo.....',
  '...oooooooooo...',
  '..ooooooooxooo..',
  '.oooooooooxoooo.',
  '.ooooooooxxooxo.',
  'oooooooooxxxxxxo',
  'ooooooooooxxxxoo',
  'oooooooooxxxoooo',
  'ooooooooxxxooooo',
  'oooooooxxxoooooo',
  'ooooooxxxooooooo',
  '.ooooxxxooooooo.',
  '.oooxxxoooooooo.',
  '..ooxxoooooooo..',
  '...oooooooooo...',
  '.....oooooo.....',
];

const COLOURS = {
  Deploy: [0xd9, 0x6b, 0x0b],
  Utility: [0x44, 0x4d, 0x56],
  Test: [0x1f, 0x88, 0x3d],
} as const;

/** A square PNG of 16 × scale pixels, the same bytes wherever it is made: every platform's own deflate packs a little differently. */
export function icon(category: keyof typeof COLOURS, scale: number): Buffer {
  const side = PICTURE.length * scale;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Eight bits a pixel, colours from the palette.
  header.set([8, 3], 8);
  const palette = Buffer.from([0, 0, 0, ...COLOURS[category], 0xff, 0xff, 0xff]);
  const rows = PICTURE.flatMap((line) => {
    const pixels = [...line].flatMap((dot) => new Array<number>(scale).fill('.ox'.indexOf(dot)));
    return new Array<number[]>(scale).fill([0, ...pixels]);
  });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', palette),
    // Only the first colour, the corners, is see-through.
    chunk('tRNS', Buffer.from([0])),
    chunk('IDAT', Buffer.from(zlibSync(Uint8Array.from(rows.flat()), { level: 9 }))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
