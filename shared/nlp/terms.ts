/**
 * The terms of a text, for counting which words come up: single words and pairs without stop words, hashtags, and the
 * entities that the caller hands in. Called by workers/alerts/terms.ts for posts of the last hours, so it is light: no
 * analysis, no model. Pure; try it: npx vitest run --project unit tests/unit/nlp-terms.test.ts
 *
 * Spellings are folded as for topics (wink/foldText.ts, fold.ts); Arabic also loses the article and what is written onto
 * it (والطاقة, بالطاقة -> طاقه). Links, addresses, @mentions, numbers alone and single letters are no terms.
 */
import { createHash } from 'node:crypto';
import { foldWords } from './fold.ts';
import { GROUPS, type Group, groupOf, isScored } from './groups.ts';
import { readPack, readTable } from './packs/read.ts';
import { foldText } from './wink/foldText.ts';

/** Where a term is first written in the text: offsets are UTF-16 code units in the original. */
export interface Term {
  /** The same for all spellings: `energie`, `centre donnees`, `#datacenter`, `city:rabat`. */
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

export interface TermOptions {
  /** Of the text, as the analyser names it; of an unknown one the stop words of all languages are left out. */
  language?: string | undefined;
  /** Entities found in this text, with offsets in it. */
  entities?: readonly { readonly entity: string; readonly start: number; readonly end: number }[] | undefined;
}

/** An article says what it is about at its beginning, and a whole one would say everything. */
const LONGEST_TEXT = 4_000;
/** Of a long text without repetitions the first are kept. */
const MOST_TERMS = 800;
/** Stop words that may stand within a pair: "centre de données", "panne de l'eau". */
const WIDEST_GAP = 2;
/** Words remembered for each group of languages; above, all are forgotten. */
const MOST_WORDS = 100_000;

const APART = /(?:https?:\/\/|www\.)\S+|[\p{L}\p{N}._+-]*@[\p{L}\p{N}_.-]+/giu;
const HASHTAG = /#[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*/gu;
/** Numbers, also with a unit or an ending. Not 5g, not 3lach. */
const NUMBER =
  /^\p{N}+(?:h\d*|min|mn|dhs?|mad|eme|ers?|re|nd|st|rd|th|km|kg|m|mm|cm|px|ans|kwh|mw|gw|go|mo|gb|mb|tb|x|k)?$/u;
/** Letters and digits that folding leaves as they are, capitals aside; no letter three times. */
const PLAIN = /^(?!.*([a-z])\1\1)[a-z0-9]+$/i;
const ARABIC_FIRST = /^\p{Script=Arabic}/u;
/** The article with the particles written onto it; what is left has two letters at least, as الضو. */
const ARTICLE = /^(?:[وفبكل]?ال|[وف]?لل|[وف][بكل]ال)(?=.{2})/u;
const AND = /^[وف](?=.{2})/u;

const [APART_FROM_WORDS, IN_WORD, CLAUSE_END] = [0, 1, 2];
/** What each code unit is: a table tells it ten times faster than a pattern. Invisible signs stand within words. */
const KINDS = Uint8Array.from({ length: 0x10000 }, (_, code) => {
  const unit = String.fromCharCode(code);
  if (/[\p{L}\p{M}\p{N}\p{Cf}]/u.test(unit)) return IN_WORD;
  return /[.!?؟…;؛:,،()[\]{}«»"“”\n|•—–]/.test(unit) ? CLAUSE_END : APART_FROM_WORDS;
});

/** The terms of a text, each once. Linear in the text's length; of a long text only the beginning is read. */
export function termsOf(text: string, options: TermOptions = {}): Term[] {
  const beginning = text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
  // A line end for each sign keeps the offsets, and no pair reaches over it.
  const plain = /@|:\/\/|www\./i.test(beginning)
    ? beginning.replace(APART, (found) => '\n'.repeat(found.length))
    : beginning;
  const found = new Map<string, Term>();
  const add = (key: string, start: number, end: number) => {
    if (found.size < MOST_TERMS && !found.has(key)) found.set(key, { key, start, end });
  };
  for (const { entity, start, end } of options.entities ?? []) add(entity, start, end);
  if (plain.includes('#')) addHashtags(plain, add);
  addWords(plain, wordsOf(options.language), add);
  return [...found.values()];
}

type Add = (key: string, start: number, end: number) => void;

function addHashtags(plain: string, add: Add): void {
  for (const { 0: tag, index } of plain.matchAll(HASHTAG)) {
    const word = foldWords(foldText(tag.slice(1)).text)
      .map(({ text }) => text)
      .join('');
    if (word.length > 1 && !NUMBER.test(word)) add(`#${word}`, index, index + tag.length);
  }
}

/** Single words, and pairs of neighbours in a clause. */
function addWords(plain: string, known: Words, add: Add): void {
  let before: { key: string; start: number; isNumber: boolean } | undefined;
  let between = 0;
  for (let at = 0; at < plain.length; at += 1) {
    const kind = KINDS[plain.charCodeAt(at)];
    if (kind === CLAUSE_END) before = undefined;
    if (kind !== IN_WORD) continue;
    const start = at;
    while (KINDS[plain.charCodeAt(at + 1)] === IN_WORD) at += 1;
    const isTagged = plain[start - 1] === '#';
    for (const word of look(plain.slice(start - (isTagged ? 1 : 0), at + 1), known)) {
      if (word.key === undefined) {
        between += 1;
        if (between > WIDEST_GAP) before = undefined;
        continue;
      }
      const [from, to] = [start + word.start, word.end === 0 ? at + 1 : start + word.end];
      if (!word.isNumber) add(word.key, from, to);
      const isPlainPair = !word.isNumber && !before?.isNumber;
      if (before && (isPlainPair || (between === 0 && word.isNumber !== before.isNumber))) {
        add(`${before.key} ${word.key}`, before.start, to);
      }
      before = { key: word.key, start: from, isNumber: word.isNumber };
      between = 0;
    }
  }
}

/** A word as it is counted: `key` undefined for what is never a term. Offsets in the piece; `end` 0 is that of the piece. */
interface Word {
  readonly key: string | undefined;
  readonly isNumber: boolean;
  readonly start: number;
  readonly end: number;
}

/** The words of a piece between separators: one as a rule, several in #DataCenter. */
function look(piece: string, { stops, pieces }: Words): readonly Word[] {
  const known = pieces.get(piece);
  if (known) return known;
  const words = PLAIN.test(piece) ? [wordOf(piece.toLowerCase(), stops)] : foldPiece(piece, stops);
  if (pieces.size >= MOST_WORDS) pieces.clear();
  pieces.set(piece, words);
  return words;
}

function foldPiece(piece: string, stops: ReadonlySet<string>): Word[] {
  const tag = piece.startsWith('#') ? 1 : 0;
  const folded = foldText(piece);
  return foldWords(folded.text).map(({ text, start, end }) => {
    const isWhole = !folded.same || (start === tag && end === piece.length);
    return { ...wordOf(text, stops), ...(isWhole ? {} : { start: start - tag, end: end - tag }) };
  });
}

function wordOf(text: string, stops: ReadonlySet<string>): Word {
  const key = keyOf(text, stops);
  return { key, isNumber: key !== undefined && NUMBER.test(key), start: 0, end: 0 };
}

function keyOf(word: string, stops: ReadonlySet<string>): string | undefined {
  if (word.length < 2 || stops.has(word)) return undefined;
  if (!ARABIC_FIRST.test(word)) return word;
  if (stops.has(word.replace(AND, ''))) return undefined;
  const bare = word.replace(ARTICLE, '');
  return stops.has(bare) ? undefined : bare;
}

/** Words of the medium rather than of a language. */
const EVERYWHERE = 'rt amp nbsp quot lol mdr ptdr haha hahaha hahahaha hh ههه'.split(' ');
/** Which stop words a text of a group may hold: people mix Darija, French and Arabic in one sentence. */
const MIXED: Readonly<Record<Group, readonly string[]>> = {
  fr: ['fr', 'ary-Latn'],
  ar: ['ar', 'ary'],
  ary: ['ary', 'ary-Latn', 'ar', 'fr'],
  en: ['en'],
  es: ['es'],
};
const ALL = [...new Set(GROUPS.flatMap((group) => MIXED[group]))];

/**
 * A byte that changes with what decides the keys: counts of other keys cannot be compared with. To be raised by hand when
 * a rule above changes; stop words are in it.
 */
export function termsVersion(): number {
  version ??= createHash('sha256')
    .update(JSON.stringify([RULES_REVISION, EVERYWHERE, MIXED, ALL.map((pack) => readPack(`${pack}/stop-words.tsv`))]))
    .digest()
    .readUInt8(0);
  return version;
}
const RULES_REVISION = 1;
let version: number | undefined;

interface Words {
  readonly stops: ReadonlySet<string>;
  readonly pieces: Map<string, readonly Word[]>;
}
const groups = new Map<string, Words>();

function wordsOf(language: string | undefined): Words {
  const group = language !== undefined && isScored(language) ? groupOf(language) : undefined;
  const known = groups.get(group ?? '');
  if (known) return known;
  const stops = (group ? MIXED[group] : ALL).flatMap((pack) =>
    readTable<'word'>(`${pack}/stop-words.tsv`).map(({ word }) => word),
  );
  const folded = [...stops, ...EVERYWHERE].flatMap((word) => foldWords(foldText(word).text).map(({ text }) => text));
  const words: Words = { stops: new Set(folded), pieces: new Map() };
  groups.set(group ?? '', words);
  return words;
}
