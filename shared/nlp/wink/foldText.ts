/**
 * Writes a text the one way that the tokenizer, the lexicons and the trained weights know, and remembers where each
 * character came from. Called by reader.ts on every text, and for lexicon entries, so that both fold alike.
 * Try it: npx vitest run --project unit tests/unit/nlp-fold.test.ts
 *
 * Folded: compatibility and presentation forms, Arabic vowel signs and tatweel, alef, ya and ta marbuta, Persian kaf and
 * ya, curly apostrophes, unusual spaces, direction marks and other invisible characters, letters repeated three times or
 * more. Kept: capitals, Latin accents (they tell languages apart), ZWJ inside emoji, addresses.
 */

export interface FoldedText {
  readonly text: string;
  /** True when the text was as it should be: offsets are then the same. */
  readonly same: boolean;
  /** Offset in the original of an offset in the folded text, both in UTF-16 code units. */
  original(offset: number): number;
  /** Replaces offsets in ascending order by those of the original: in one pass, where `original` searches for each. */
  toOriginals(offsets: number[]): void;
}

const FOLDED =
  /[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640\u0622\u0623\u0625\u0671\u0649\u0629\u06a9\u06cc\u2018\u2019\u02bc\u00b4`\u00a0\u00ad\u061c\u180e\u2000-\u200c\u200e-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff\ufb00-\ufdff\ufe70-\ufefe\uff01-\uff5e\t\r\v\f\0-\x08\x0e-\x1f\x7f]/u;
const [NOTHING, LETTER, FOLD] = [0, 1, 2];
/** What each code unit asks for: most texts are as they should be, and a table tells so ten times faster than a pattern. */
const ASKS = Uint8Array.from({ length: 0x10000 }, (_, code) => {
  const unit = String.fromCharCode(code);
  return FOLDED.test(unit) ? FOLD : /\p{L}/u.test(unit) ? LETTER : NOTHING;
});

function isFoldable(text: string): boolean {
  let [last, lastButOne] = [-1, -1];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const asks = ASKS[code];
    if (asks === FOLD || (asks === LETTER && code === last && code === lastButOne)) return true;
    lastButOne = last;
    last = code;
  }
  return false;
}

const PIECE =
  /(?:https?:\/\/|www\.)\S+|\u0640+|(\p{L})\1{2,}|[\p{L}][\u0300-\u036f]+|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\0-\x08\x0e-\x1f\x7f]+|[\u0622\u0623\u0625\u0671\u0649\u0629\u06a9\u06cc]|[\u2018\u2019\u02bc\u00b4`]|[\u00a0\u2000-\u200a\u202f\u205f\u3000\t\v\f\r]|[\u2028\u2029]|[\ufb00-\ufdff\ufe70-\ufefe\uff01-\uff5e]/giu;

const TATWEEL = 0x0640;
/** Many of this letter are laughter, and two still are. */
const LAUGHTER = 'ه';
const LETTERS: Readonly<Record<string, string>> = {
  آ: 'ا',
  أ: 'ا',
  إ: 'ا',
  ٱ: 'ا',
  ى: 'ي',
  ة: 'ه',
  ک: 'ك',
  ی: 'ي',
};

/** Folds a text of any content; lone surrogates and NUL included. Linear in its length. */
export function foldText(text: string): FoldedText {
  if (!isFoldable(text)) return { text, same: true, original: asItIs, toOriginals: leave };
  // Where the distance between the two texts changes: offset in the folded text, original offset from there on.
  const folded: number[] = [0];
  const origin: number[] = [0];
  let out = '';
  let last = 0;
  PIECE.lastIndex = 0;
  for (let found = PIECE.exec(text); found; found = PIECE.exec(text)) {
    const piece = found[0];
    const written = foldPiece(piece, found[1]);
    if (written === piece) continue;
    out += text.slice(last, found.index);
    last = found.index + piece.length;
    if (written.length > 0) {
      folded.push(out.length);
      origin.push(found.index);
    }
    out += written;
    folded.push(out.length);
    origin.push(last);
  }
  out += text.slice(last);
  return {
    text: out,
    same: false,
    original: (offset) => toOriginal(offset, folded, origin),
    toOriginals: (offsets) => toOriginals(offsets, folded, origin),
  };
}

const asItIs = (offset: number): number => offset;
const leave = (): void => undefined;

function foldPiece(piece: string, repeated: string | undefined): string {
  if (/^(?:https?:|www\.)/i.test(piece)) return piece;
  if (repeated !== undefined) return foldRepeated(piece);
  const letter = LETTERS[piece];
  if (letter !== undefined) return letter;
  const code = piece.charCodeAt(0);
  if (code === TATWEEL) return '';
  if (/^[\u2018\u2019\u02bc\u00b4`]$/.test(piece)) return "'";
  if (code === 0x2028 || code === 0x2029) return '\n';
  if (code === 0x0d) return '';
  if (/^\s$/.test(piece)) return ' ';
  if (/^\p{L}/u.test(piece) && code < 0xfb00) return piece.normalize('NFC').replace(/[\u0300-\u036f]+/g, '');
  if (code >= 0xfb00 && code !== 0xfeff) return foldPlain(piece.normalize('NFKC'));
  return '';
}

/** "جداااا", "trooop", "allllah": two are kept, which a word may really have; of Arabic letters one. */
function foldRepeated(piece: string): string {
  const first = String.fromCodePoint(piece.codePointAt(0) ?? 0);
  const letter = foldPlain(first.normalize('NFKC'));
  return /\p{Script=Arabic}/u.test(letter) && letter !== LAUGHTER ? letter : letter + letter;
}

const foldPlain = (text: string): string =>
  text
    .replace(/[\u0610-\u061a\u064b-\u065f\u0670\u0640]/g, '')
    .replace(/[آأإٱىةکی]/g, (letter) => LETTERS[letter] ?? letter);

function toOriginal(offset: number, folded: readonly number[], origin: readonly number[]): number {
  let low = 0;
  let high = folded.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((folded[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return moved(offset, low, folded, origin);
}

function toOriginals(offsets: number[], folded: readonly number[], origin: readonly number[]): void {
  let at = 0;
  for (let i = 0; i < offsets.length; i += 1) {
    const offset = offsets[i] as number;
    while (at + 1 < folded.length && (folded[at + 1] as number) <= offset) at += 1;
    offsets[i] = moved(offset, at, folded, origin);
  }
}

/** An offset of the stretch that begins at the change number `at`. */
function moved(offset: number, at: number, folded: readonly number[], origin: readonly number[]): number {
  const next = origin[at + 1];
  const there = (origin[at] ?? 0) + offset - (folded[at] ?? 0);
  return next === undefined ? there : Math.min(there, next);
}
