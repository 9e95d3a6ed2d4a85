/**
 * Words of a text in one plain spelling, each with its place in the original: what terms are matched on.
 * Called by topics.ts, for texts and for terms alike. Pure; try it in tests/unit/nlp-topics.test.ts.
 *
 * Latin: lower case, no accents, œ -> oe. Arabic: no diacritics, no tatweel, no hamza on alef, waw and ya, ya for alef
 * maqsura, ha for ta marbuta. Apostrophes, hyphens, underscores, # and @ only separate: l'eau -> l eau, #data_center
 * and #DataCenter -> data center. Links are left out.
 */

/** Offsets are UTF-16 code units in the original text. */
export interface FoldedWord {
  readonly text: string;
  /** As `text`, with the capitals of the original. */
  readonly cased: string;
  readonly start: number;
  readonly end: number;
}

/** A link, or a run of letters of one writing (Arabic apart from the others), marks and digits. */
const PIECE =
  /(?<link>(?:https?:\/\/|www\.)\S+)|(?:[\p{Script=Arabic}\u0640]\p{M}*|\p{Nd}(?=[\p{Script=Arabic}]))+|(?:(?!\p{Script=Arabic})[\p{L}\p{N}]\p{M}*)+/gu;
const HASHTAG_PART = /\p{Lu}+(?=\p{Lu}\p{Ll})|\p{Lu}?[^\p{Lu}]+|\p{Lu}+/gu;
const PLAIN = /^[a-z0-9]+$/;

/** The folded words of a text, in order. */
export function foldWords(text: string): FoldedWord[] {
  // What is asked for most is one word, and most words are of plain letters: no pattern need look for pieces.
  if (PLAIN.test(text)) return [{ text, cased: text, start: 0, end: text.length }];
  const words: FoldedWord[] = [];
  for (const match of text.matchAll(PIECE)) {
    if (match.groups?.link !== undefined) continue;
    const [piece] = match;
    const at = match.index;
    if (text[at - 1] === '#' && /\p{Ll}\p{Lu}|\p{Lu}{2}\p{Ll}/u.test(piece)) {
      for (const part of piece.matchAll(HASHTAG_PART)) addWord(words, part[0], at + part.index);
    } else addWord(words, piece, at);
  }
  return words;
}

function addWord(words: FoldedWord[], piece: string, start: number): void {
  const end = start + piece.length;
  if (PLAIN.test(piece)) {
    words.push({ text: piece, cased: piece, start, end });
    return;
  }
  const cased = foldLetters(piece);
  if (cased) words.push({ text: cased.toLowerCase(), cased, start, end });
}

/** Everything that folding does to a word, except its capitals. */
function foldLetters(word: string): string {
  return word
    .normalize('NFKD')
    .replace(/[\p{M}\u0640]/gu, '')
    .replace(/ٱ/g, 'ا')
    .replace(/ى/g, 'ي')
    .replace(/ة/g, 'ه')
    .replace(/œ/g, 'oe')
    .replace(/Œ/g, 'OE')
    .replace(/æ/g, 'ae');
}
