/**
 * Turns bytes of unknown encoding into text, believing the bytes more than what is said about them.
 * Called by sources/feeds/read.ts. Knows windows-1256, ISO-8859-6 and UTF-16 Arabic, declared or not.
 * Try it: `decodeBytes(iconv.encode('<t>صدى</t>', 'windows-1256'), 'text/xml; charset=utf-8').text`.
 */
import chardet from 'chardet';
import iconv from 'iconv-lite';

export interface Decoded {
  text: string;
  /** As iconv-lite names it, in lower case. */
  charset: string;
  /** How many characters could not be decoded and stand as U+FFFD. */
  replaced: number;
}

/** A truncated character here and there: as many are forgiven before UTF-8 is given up. */
const FORGIVEN = 8;
/** More of them are forgiven in a long text, as long as so many intact characters stand against each. */
const INTACT_PER_BROKEN = 20;
/** What servers say by default, true or not. */
const WEAK = /^(us-ascii|ascii|ansi_x3\.4-1968|iso-?8859-?1|latin-?1|windows-?1252|cp-?1252)$/;
/** What statistics say of text in Latin letters, and of any text that drowns in tags. */
const LATIN = /^(us-ascii|ascii|iso-8859-(1|2|9|15)|windows-125[0247])$/;
/** In Arabic nearly all letters outside ASCII stand beside one another, in French next to none. */
const SHARE_IN_RUNS = 0.6;
const CHARDET_BYTES = 65_536;

/** Never throws: windows-1252 takes any bytes. `contentType` is the HTTP header, if there is one. */
export function decodeBytes(bytes: Uint8Array, contentType: string | undefined): Decoded {
  const marked = markedCharset(bytes);
  if (marked) return decodeAs(bytes, marked);
  return decodeUtf8(bytes) ?? decodeAs(bytes, eightBitCharset(bytes, contentType));
}

/** By byte order mark, else by the zeros around a first `<` or other ASCII character. */
function markedCharset(bytes: Uint8Array): string | undefined {
  const [a = -1, b = -1, c = -1, d = -1] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'utf-32le' : 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'utf-32be';
  if (a === 0 && b === 0 && c === 0 && d > 0) return 'utf-32be';
  if (a > 0 && b === 0 && c === 0 && d === 0) return 'utf-32le';
  if (a === 0 && b > 0 && c === 0 && d > 0) return 'utf-16be';
  if (a > 0 && b === 0 && c > 0 && d === 0) return 'utf-16le';
  return undefined;
}

/** undefined when the bytes are not UTF-8, a few broken characters aside. */
function decodeUtf8(bytes: Uint8Array): Decoded | undefined {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), charset: 'utf-8', replaced: 0 };
  } catch {
    const text = new TextDecoder().decode(bytes);
    let replaced = 0;
    let intact = 0;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit === 0xfffd) replaced += 1;
      else if (unit > 0x7f) intact += 1;
    }
    const isUtf8 = intact >= replaced * INTACT_PER_BROKEN || (replaced <= FORGIVEN && intact >= replaced * 4);
    return isUtf8 ? { text, charset: 'utf-8', replaced } : undefined;
  }
}

/** The first believable of: HTTP header, XML declaration, statistics, windows-1252. */
function eightBitCharset(bytes: Uint8Array, contentType: string | undefined): string {
  const http = believable(/charset\s*=\s*["']?\s*([\w.:-]+)/i.exec(contentType ?? '')?.[1]);
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  const xml = believable(/^\s*<\?xml[^>]*?\bencoding\s*=\s*["']\s*([\w.:-]+)/i.exec(head)?.[1]);
  const strong = [http, xml].find((charset) => charset !== undefined && !WEAK.test(charset));
  if (strong) return strong;
  const detected = detect(bytes);
  if (http === undefined && xml === undefined) return detected ?? 'windows-1252';
  // said to be Latin, as servers do unasked: only a script that cannot be Latin is believed more
  const isArabic = (detected === 'windows-1256' || detected === 'iso-8859-6') && otherScript(bytes) !== undefined;
  return isArabic ? detected : 'windows-1252';
}

/** By statistics. Any Latin answer becomes windows-1252: on so few accents they tell Turkish from French by chance. */
function detect(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, CHARDET_BYTES);
  const guess = believable(chardet.detect(head) ?? undefined);
  if (guess && !LATIN.test(guess)) return guess;
  const words = otherScript(head);
  const byWords = words && believable(chardet.detect(words) ?? undefined);
  if (byWords) return byWords;
  return guess && 'windows-1252';
}

/** The words outside ASCII, without the tags around them; undefined when those are but the accents of Latin words. */
function otherScript(bytes: Uint8Array): Uint8Array | undefined {
  const words: number[] = [];
  let high = 0;
  let inRuns = 0;
  let run = 0;
  for (const byte of bytes) {
    if (byte >= 0x80) {
      high += 1;
      run += 1;
      words.push(byte);
      if (run === 3) inRuns += 3;
      if (run > 3) inRuns += 1;
    } else {
      if (run > 0) words.push(0x20);
      run = 0;
    }
  }
  return high > 0 && inRuns / high > SHARE_IN_RUNS ? Uint8Array.from(words) : undefined;
}

/** The label in lower case, if it is known and can be true of bytes that are neither UTF-8 nor UTF-16. */
function believable(label: string | undefined): string | undefined {
  const charset = label?.toLowerCase();
  if (!charset || /^(utf|ucs|unicode|cesu|x-mac-cyr)/.test(charset)) return undefined;
  return iconv.encodingExists(charset) ? charset : undefined;
}

function decodeAs(bytes: Uint8Array, charset: string): Decoded {
  const text = iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), charset);
  return { text, charset, replaced: text.split('\ufffd').length - 1 };
}
