/**
 * Reads a file line by line in constant memory, whatever it holds: a line that is too long, holds NUL or is in another
 * encoding is handed over as a problem, and the next one is read as if nothing had been. Called by imports/records.ts.
 * Try it: `for await (const { lines } of readLines('posts.csv', { encoding: 'utf-8', newline: 10 })) console.log(lines)`.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import iconv from 'iconv-lite';

/** Longest line, in bytes of the file (of its UTF-8 form, when that is UTF-16). */
const MAX_LINE_BYTES = 1_048_576;
const READ_BYTES = 262_144;
const CR = 13;
const EMPTY = Buffer.alloc(0);
const HALF = 'the file is truncated: half a character at its end';

export interface TextLayout {
  /** As iconv-lite names it, in lower case. */
  encoding: string;
  /** The byte that ends a line: 10, or 13 in files of old Macs. */
  newline: number;
}

/** A physical line, without its end. */
export interface Line {
  /** From 1. */
  number: number;
  text: string;
  /** Why the text cannot be used; it is empty then. */
  problem?: string;
  /** The file ends here, without a line end. */
  cut?: boolean;
}

export interface LineBatch {
  lines: Line[];
  /** Bytes of the file read so far. */
  bytesRead: number;
}

/** All lines, in batches of about 256 kB. Rejects when the file cannot be read, or with the signal's reason. */
export async function* readLines(path: string, layout: TextLayout, signal?: AbortSignal): AsyncGenerator<LineBatch> {
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, ...(signal ? { signal } : {}) });
  try {
    const splitter = new LineSplitter(layout);
    const recode = recoder(layout.encoding);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      yield { lines: splitter.push(recode.push(chunk)), bytesRead: stream.bytesRead };
    }
    const { rest, half } = recode.end();
    yield { lines: [...splitter.push(rest), ...splitter.end(half)], bytesRead: stream.bytesRead };
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    stream.destroy();
  }
}

/** Splits bytes of a whole text that is in memory. A last line without an end is left out unless `complete`. */
export function splitLines(bytes: Buffer, layout: TextLayout, complete: boolean): Line[] {
  const splitter = new LineSplitter(layout);
  const recode = recoder(layout.encoding);
  const lines = splitter.push(recode.push(bytes));
  const { rest, half } = recode.end();
  lines.push(...splitter.push(rest));
  return complete ? [...lines, ...splitter.end(half)] : lines;
}

interface Recoder {
  push(chunk: Buffer): Buffer;
  /** `half`: the text ends within a character. */
  end(): { rest: Buffer; half: boolean };
}

/** UTF-16 and UTF-32 are made UTF-8 first, so that lines can be found by one byte. */
function recoder(encoding: string): Recoder {
  if (!isWide(encoding)) return { push: (chunk) => chunk, end: () => ({ rest: EMPTY, half: false }) };
  const decoder = iconv.getDecoder(encoding);
  const unit = encoding.startsWith('utf-32') ? 4 : 2;
  let bytes = 0;
  let held = ''; // the first half of a pair, whose second comes with the next chunk
  return {
    push(chunk) {
      bytes += chunk.length;
      const text = held + decoder.write(chunk);
      held = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
      return Buffer.from(text.slice(0, text.length - held.length));
    },
    end() {
      const rest = held + (decoder.end() ?? '');
      return { rest: Buffer.from(rest), half: bytes % unit !== 0 || /[\uD800-\uDBFF]$/.test(rest) };
    },
  };
}

/** Bytes of a UTF-8 character that is not complete, at the end of a text; 0 when there is none. */
export function halfCharacterBytes(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes.at(-length) ?? 0;
    if (byte >= 0x80 && byte < 0xc0) continue; // not its first
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return byte >= 0xc2 && byte <= 0xf4 && length < needed ? length : 0;
  }
  return 0;
}

function isWide(encoding: string): boolean {
  return /^utf-(16|32)/.test(encoding);
}

class LineSplitter {
  readonly #layout: TextLayout;
  #parts: Buffer[] = [];
  #bytes = 0;
  #number = 0;

  constructor(layout: TextLayout) {
    this.#layout = layout;
  }

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(this.#layout.newline, start);
      if (end < 0) break;
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** `half`: of the last character. */
  end(half: boolean): Line[] {
    if (this.#bytes === 0 && !half) return [];
    const line = this.#take(true);
    return [
      half && line.problem === undefined ? { ...line, text: '', problem: HALF, cut: true } : { ...line, cut: true },
    ];
  }

  /** What is beyond the longest line is counted and let go. */
  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_LINE_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(atEnd = false): Line {
    this.#number += 1;
    const number = this.#number;
    const tooLong = this.#bytes > MAX_LINE_BYTES;
    const [only = EMPTY] = this.#parts;
    const bytes = this.#parts.length > 1 ? Buffer.concat(this.#parts) : only;
    this.#parts = [];
    this.#bytes = 0;
    if (tooLong) return { number, text: '', problem: 'is longer than 1 MB' };
    return this.#decode(number, bytes, atEnd);
  }

  #decode(number: number, bytes: Buffer, atEnd: boolean): Line {
    const { encoding } = this.#layout;
    if (bytes.length === 0) return { number, text: '' };
    if (bytes.includes(0)) return { number, text: '', problem: 'holds a NUL character' };
    const utf8 = encoding === 'utf-8' || isWide(encoding);
    if (utf8 && !isUtf8(bytes)) {
      const half = atEnd ? halfCharacterBytes(bytes) : 0;
      const cut = half > 0 && isUtf8(bytes.subarray(0, -half));
      return { number, text: '', problem: cut ? HALF : 'holds bytes that are not UTF-8, like the lines before it' };
    }
    const body = bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
    const text = utf8 ? body.toString('utf8') : iconv.decode(body, encoding);
    return { number, text: number === 1 ? text.replace(/^\ufeff/, '') : text };
  }
}
