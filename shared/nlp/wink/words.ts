/**
 * What is known of one word whatever stands around it: its kind, the form that lexicons and weights know, the numbers
 * of its features. Called by reader.ts once for each new word of wink's store, so it may cost more than a look-up.
 */
import { hashRuns, hashText, KIND, mix } from '../linear/hash.ts';
import { stemOf } from './stem.ts';
import type { Category } from './tokens.ts';

/** Letters n-grams of a word: 2 to 5 letters, its two ends counted. */
const LETTERS_FROM = 2;
const LETTERS_TO = 5;
/** Longer words are read up to here: nobody writes them, and time stays bounded. */
const LONGEST_FORM = 40;

/** What a word brings to the two outputs of a group, in steps of the weights (whole numbers): alone, negated, by letters. */
export interface WordScores {
  /** The weights know the word as a whole. */
  readonly known: boolean;
  readonly polarity: number;
  readonly neutral: number;
  readonly negatedPolarity: number;
  readonly negatedNeutral: number;
  readonly lettersPolarity: number;
  readonly lettersNeutral: number;
}

export const EDGE = { none: 0, end: 1, line: 2, tail: 3 } as const;
type Edge = (typeof EDGE)[keyof typeof EDGE];
const SENTENCE_END = new Set(['.', '!', '!!', '?', '??', '?!', '…']);
const CLOSES = new Set([')', ']', '"', "'", '»', '”', '’']);

function edgeOf(form: string, kind: Category): Edge {
  if (kind === 'tabCRLF') return EDGE.line;
  if (SENTENCE_END.has(form)) return EDGE.end;
  return kind === 'emoji' || kind === 'emoticon' || CLOSES.has(form) ? EDGE.tail : EDGE.none;
}

export class Word {
  readonly text: string;
  readonly kind: Category;
  /** Lower case, without Latin accents; a stand-in such as `<num>` for what is never learned; '' for a line break. */
  readonly form: string;
  /** The form, and what remains of it without the particles that Arabic writes onto words: most complete first. */
  readonly forms: readonly string[];
  readonly hash: number;
  /** The hash as the left word of a pair, and of a pair with a word between. */
  readonly pairHash: number;
  readonly skipHash: number;
  /** Hash of what stays the same when the word is spelled or inflected otherwise (see stem.ts); 0 for none. */
  readonly stemHash: number;
  /** What it does to sentences: ends one, or may follow the end of one as part of it. */
  readonly edge: Edge;
  /** Number of letters n-grams in it; see letterFeatures. */
  readonly letters: number;
  readonly script: 'latin' | 'arabic' | 'other' | 'none';
  // What others have found out about the word, each once: see the files named.
  // Most words are met in one group only: what was found for the first one stands in the word itself.
  /** linear/scorer.ts */
  scoresGroup = -1;
  scores: WordScores | undefined = undefined;
  otherScores: (WordScores | undefined)[] | undefined = undefined;
  /** lexicon/annotate.ts */
  lexicalGroup = -1;
  lexical: unknown = undefined;
  otherLexical: unknown[] | undefined = undefined;
  /** language/votes.ts */
  votes: Float64Array | undefined = undefined;
  /** language/foreign.ts */
  foreign: readonly string[] | undefined = undefined;
  /** topics.ts */
  seen: unknown = undefined;

  constructor(text: string, kind: Category) {
    this.text = text;
    this.kind = kind;
    this.script = scriptOf(text, kind);
    this.form = formOf(text, kind);
    this.forms = this.script === 'arabic' ? withoutParticles(this.form) : [this.form];
    this.hash = hashText(this.form);
    this.pairHash = mix(this.hash, KIND.pair);
    this.skipHash = mix(this.hash, KIND.skip);
    const stem = isSpelled(kind) ? stemOf(this.form, this.script) : '';
    this.stemHash = stem === '' ? 0 : hashText(stem);
    this.edge = edgeOf(this.form, kind);
    this.letters = isSpelled(kind) ? countLetters(this.form.length + 2) : 0;
  }
}

/** True for tokens made of a language's letters. */
export const isSpelled = (kind: Category): boolean =>
  kind === 'word' || kind === 'hashtag' || kind === 'apos' || kind === 'shortForm';

function scriptOf(text: string, kind: Category): Word['script'] {
  if (!isSpelled(kind)) return 'none';
  if (/\p{Script=Arabic}/u.test(text)) return 'arabic';
  if (/\p{Script=Latin}/u.test(text)) return 'latin';
  return /\p{L}/u.test(text) ? 'other' : 'none';
}

/** Removes what the tokenizer's folding keeps: capitals and Latin accents. */
export const plain = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text)
    ? text.toLowerCase()
    : text
        .toLowerCase()
        .replace(/œ/g, 'oe')
        .replace(/æ/g, 'ae')
        .replace(/ß/g, 'ss')
        .normalize('NFD')
        .replace(/[\u0300-\u036f]/g, '')
        .normalize('NFC');

function formOf(text: string, kind: Category): string {
  switch (kind) {
    case 'tabCRLF':
      return '';
    case 'url':
    case 'email':
      return '<url>';
    case 'mention':
      return '<user>';
    case 'number':
      return '<num>';
    case 'currency':
      return text.includes('%') ? '<share>' : '<money>';
    case 'time':
    case 'ordinal':
      return `<${kind}>`;
    case 'hashtag':
      return plain(text.slice(1)).slice(0, LONGEST_FORM);
    case 'emoji':
      return text.replace(/[\ufe0e\ufe0f]|\p{Emoji_Modifier}/gu, '');
    case 'punctuation':
      return marksForm(text);
    case 'word':
      if (text === 'http') return '<url>';
      return /^\p{N}+$/u.test(text) ? '<num>' : plain(text).slice(0, LONGEST_FORM);
    default:
      return plain(text).slice(0, LONGEST_FORM);
  }
}

/** "!!!!" is "!!", "?!?" is "?!", "....." is "…". */
function marksForm(text: string): string {
  if (/^(?:\.{2,}|…+)$/.test(text)) return '…';
  if (!/^[!?؟¡¿]+$/.test(text)) return text;
  // What opens a Spanish sentence ends none.
  if (/^[¡¿]+$/.test(text)) return text.slice(0, 1);
  const asks = /[?؟¿]/.test(text);
  const shouts = /[!¡]/.test(text);
  if (asks && shouts) return '?!';
  const mark = asks ? '?' : '!';
  return text.length > 1 ? mark + mark : mark;
}

const PARTICLES = ['وال', 'فال', 'بال', 'كال', 'ولل', 'فلل', 'ال', 'لل', 'و', 'ف', 'ب', 'ك', 'ل', 'س'];
const MOST_FORMS = 4;

function withoutParticles(form: string): string[] {
  const forms = [form];
  for (const particle of PARTICLES) {
    const bare = form.slice(particle.length);
    if (form.startsWith(particle) && bare.length >= 3 && forms.length < MOST_FORMS) forms.push(bare);
  }
  return forms;
}

function countLetters(length: number): number {
  let count = 0;
  for (let size = LETTERS_FROM; size <= LETTERS_TO; size += 1) count += Math.max(0, length - size + 1);
  return count;
}

/** Gives the feature number of every letters n-gram of a word. */
export function letterFeatures(word: Word, visit: (feature: number) => void): void {
  if (word.letters > 0) hashRuns(word.form, LETTERS_FROM, LETTERS_TO, (hash) => visit(mix(hash, KIND.letters)));
}
