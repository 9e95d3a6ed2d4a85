/**
 * Tells what a file is by its first bytes, never by its name: its encoding, its line ends, and whether it is text at all.
 * Called by imports/layout.ts. Try it: `textLayoutOf(await readHead('posts.csv'))`.
 */
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import chardet from 'chardet';
import { AppError } from '../../shared/errors.ts';
import { halfCharacterBytes, type TextLayout } from './lines.ts';
import { visible } from './visible.ts';

/** How much of a file decides. */
const HEAD_BYTES = 262_144;
const LF = 10;
const CR = 13;
/** A file with as many lines of intact UTF-8 beside each broken one is UTF-8 with broken lines. */
const INTACT_PER_BROKEN = 9;

export interface Head {
  bytes: Buffer;
  /** Size of the whole file. */
  size: number;
  mtimeMs: number;
  /** True when `bytes` is all of it. */
  whole: boolean;
}

/** The first 256 kB of a regular file. Throws AppError when there is none, or nothing in it. */
export async function readHead(path: string): Promise<Head> {
  const name = visible(path);
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new AppError('not_found', `${name}: there is no such file`);
    if (error.code === 'EACCES') throw new AppError('forbidden', `${name}: this account may not read the file`);
    throw new AppError('bad_request', `${name}: cannot be opened (${error.code ?? visible(error.message)})`);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile())
      throw new AppError('invalid', `${name}: is not a file${stat.isDirectory() ? ' but a folder' : ''}`);
    if (stat.size === 0) throw new AppError('invalid', `${name}: is empty`);
    const bytes = Buffer.alloc(Math.min(HEAD_BYTES, stat.size));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: bytes.subarray(0, length), size: stat.size, mtimeMs: stat.mtimeMs, whole: length >= stat.size };
  } finally {
    await file.close();
  }
}

const MAGIC: readonly (readonly [pattern: RegExp, what: string, remedy: string])[] = [
  [/^\x1f\x8b/, 'a gzip file', 'unpack it first (gunzip) and import what comes out'],
  [
    /^PK\x03\x04[\s\S]{22,}?(?:xl\/|\[Content_Types\]|_rels\/)/,
    'an Excel file (xlsx)',
    'save it as "CSV UTF-8", ids as text, and import that',
  ],
  [/^PK(?:\x03\x04|\x05\x06)/, 'a zip file', 'unpack it first and import the files in it'],
  [/^\xd0\xcf\x11\xe0/, 'an old Office file (xls)', 'save it as "CSV UTF-8", ids as text, and import that'],
  [/^BZh[1-9]/, 'a bzip2 file', 'unpack it first (bunzip2) and import what comes out'],
  [/^\x28\xb5\x2f\xfd/, 'a Zstandard file', 'unpack it first (unzstd) and import what comes out'],
  [/^\xfd7zXZ\0/, 'an xz file', 'unpack it first (unxz) and import what comes out'],
  [/^7z\xbc\xaf/, 'a 7z file', 'unpack it first and import the files in it'],
  [/^%PDF-/, 'a PDF file', 'ask for the data as CSV or NDJSON'],
  [/^PAR1/, 'a Parquet file', 'convert it to CSV or NDJSON'],
  [/^SQLite format 3\0/, 'an SQLite database', 'export the table as CSV'],
  [/^(?:\x89PNG|\xff\xd8\xff|GIF8)/, 'an image', 'ask for the data as CSV or NDJSON'],
  [
    /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)/i,
    'a web page (HTML)',
    'the download may have failed: open it to see what it says',
  ],
  [/^(?:\xef\xbb\xbf)?\s*<(?:\?xml|rss|feed)/i, 'an XML file', 'add it as a feed, or convert it to CSV or NDJSON'],
  [/^(?:\xef\xbb\xbf)?\s*\[\s*[[{]/, 'one JSON list', 'write one object a line (jq -c ".[]" FILE) and import that'],
];

/** Throws AppError `unsupported_type` that says what the file is and what to do, when it is no text that can be imported. */
export function refuseForeign(path: string, head: Head): void {
  const start = head.bytes.subarray(0, 8_192).toString('latin1');
  for (const [pattern, what, remedy] of MAGIC) {
    if (pattern.test(start)) throw new AppError('unsupported_type', `${path}: is ${what}, at line 1; ${remedy}`);
  }
}

/** Encoding and line ends. Throws AppError `unsupported_type` for bytes that are no text. */
export function textLayoutOf(path: string, head: Head): TextLayout {
  const { bytes } = head;
  const wide = wideEncoding(bytes);
  if (wide) return { encoding: wide, newline: LF };
  const zeros = bytes.reduce((n, byte) => (byte === 0 ? n + 1 : n), 0);
  // A stray NUL is a problem of its line; many are no text.
  if (zeros > bytes.length / 100 && zeros > 16) {
    throw new AppError(
      'unsupported_type',
      `${path}: is no text (NUL characters from line ${lineOf(bytes, bytes.indexOf(0))} on)`,
    );
  }
  const newline = bytes.includes(LF) || !bytes.includes(CR) ? LF : CR;
  return { encoding: isMostlyUtf8(head, newline) ? 'utf-8' : eightBit(bytes), newline };
}

function lineOf(bytes: Buffer, offset: number): number {
  return bytes.subarray(0, offset).reduce((n, byte) => (byte === LF ? n + 1 : n), 1);
}

/** UTF-16 or UTF-32, by byte order mark, else by the zeros of the first ASCII characters. */
function wideEncoding(bytes: Buffer): string | undefined {
  const [a = -1, b = -1, c = -1, d = -1] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'utf-32le' : 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0 && b > 0 && c === 0 && d > 0) return 'utf-16be';
  if (a > 0 && b === 0 && c > 0 && d === 0) return 'utf-16le';
  return undefined;
}

function isMostlyUtf8(head: Head, newline: number): boolean {
  const { bytes } = head;
  if (isUtf8(bytes) || (head.whole && isCutUtf8(bytes))) return true;
  let broken = 0;
  let intact = 0;
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(newline, start);
    if (end < 0 && !head.whole) break; // its last character may be cut
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(line)) broken += 1;
    else if (line.some((byte) => byte > 127)) intact += 1;
    if (end < 0) break;
    start = end + 1;
  }
  return intact >= broken * INTACT_PER_BROKEN;
}

/** One lone byte after nothing but ASCII is rather an accent of another encoding. */
function isCutUtf8(bytes: Buffer): boolean {
  const half = halfCharacterBytes(bytes);
  const rest = bytes.subarray(0, bytes.length - half);
  return half > 0 && isUtf8(rest) && (half > 1 || rest.some((byte) => byte > 127));
}

/** Latin-1 is read as windows-1252, as browsers do: what differs is never used on purpose. */
function eightBit(bytes: Buffer): string {
  const known = ['windows-1256', 'windows-1252', 'iso-8859-6'];
  const found = chardet.analyse(bytes.subarray(0, 65_536)).map(({ name }) => name.toLowerCase());
  return (
    found.map((name) => (name === 'iso-8859-1' ? 'windows-1252' : name)).find((name) => known.includes(name)) ??
    'windows-1252'
  );
}
