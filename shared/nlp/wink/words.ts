/**
 * What is known of one word whatever stands around it: its kind, the form that lexicons and weights know, the numbers
 * of its features. Called by reader.ts once for each new word of wink's store, so it may cost more than a look-up.
 */
import { hashRuns, hashText, KIND, mix, RUNS } from '../linear/hash.ts';
import { plain } from './plain.ts';
import { stemOf } from './stem.ts';
import type { Category } from './tokens.ts';

/** Letters n-grams of a word: 2 to 5 letters, its two ends counted. */
const LETTERS_FROM = 2;
const LETTERS_TO = 5;
/** Longer words are read up to here: nobody writes them, and time stays bounded. */
const LONGEST_FORM = 40;

/**
 * What a word brings to the two outputs of an expert, in steps of the weights: whole numbers for polarity (high) and for
 * neutral (low), see pack.
 */
export interface WordScores {
  /** The weights know the word as a whole. */
  known: boolean;
  /** As a whole, word and stem; negated; by its letters. For the expert of public posts (0) and that of own posts (1). */
  wholes0: number;
  wholes1: number;
  negated0: number;
  negated1: number;
  letters0: number;
  letters1: number;
  /** How much it speaks for the expert of own posts. */
  gate: number;
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

/** A word of wink's store. What every text asks for stands first and together, for the processor's cache. */
export class Word implements WordScores {
  /** Length of its text. */
  readonly length: number;
  /** What it does to sentences: ends one, or may follow the end of one as part of it. */
  readonly edge: Edge;
  readonly hash: number;
  /** The hash as the left word of a pair, and of a pair with a word between. */
  readonly pairHash: number;
  readonly skipHash: number;
  /** Number of letters n-grams in it; see hashLetters. */
  readonly letters: number;
  readonly script: 'latin' | 'arabic' | 'other' | 'none';
  /** A line break, which has no form. */
  readonly blank: boolean;
  /** Made of a language's letters. */
  readonly spelled: boolean;
  /** Its letters tell a language: no address, number or emoji. */
  readonly speaks: boolean;
  // What others have found out about the word, each once: see the files named.
  // Most words are met in one group only: what was found for the first one stands in the word itself.
  /** language/votes.ts: features, 0 for not yet looked at; votes for two languages each. */
  voices = 0;
  votes0 = 0;
  votes2 = 0;
  votes4 = 0;
  /** language/foreign.ts */
  foreign: unknown = undefined;
  /** language/scripts.ts; -1 for not yet looked at */
  writing = -1;
  /** lexicon/annotate.ts */
  lexicalGroup = -1;
  lexical: unknown = undefined;
  /** linear/scorer.ts */
  scoresGroup = -1;
  known = false;
  wholes0 = 0;
  wholes1 = 0;
  negated0 = 0;
  negated1 = 0;
  letters0 = 0;
  letters1 = 0;
  gate = 0;
  /** topics.ts */
  event: string | undefined = undefined;
  inside: unknown = undefined;
  readonly text: string;
  readonly kind: Category;
  /** Lower case, without Latin accents; a stand-in such as `<num>` for what is never learned; '' for a line break. */
  readonly form: string;
  /** The form, and what remains of it without the particles that Arabic writes onto words: most complete first. */
  readonly forms: readonly string[];
  /** Hash of what stays the same when the word is spelled or inflected otherwise (see stem.ts); 0 for none. */
  readonly stemHash: number;
  otherScores: (WordScores | undefined)[] | undefined = undefined;
  otherLexical: unknown[] | undefined = undefined;

  constructor(text: string, kind: Category) {
    const spelled = isSpelled(kind);
    const form = formOf(text, kind);
    const script = spelled ? scriptOf(text) : 'none';
    const stem = spelled ? stemOf(form, script) : '';
    this.length = text.length;
    this.edge = edgeOf(form, kind);
    this.hash = hashText(form);
    this.pairHash = mix(this.hash, KIND.pair);
    this.skipHash = mix(this.hash, KIND.skip);
    this.letters = spelled ? countLetters(form.length + 2) : 0;
    this.script = script;
    this.blank = form === '';
    this.spelled = spelled;
    this.speaks = spelled && form !== '' && !form.startsWith('<');
    this.text = text;
    this.kind = kind;
    this.form = form;
    this.forms = script === 'arabic' ? withoutParticles(form) : [form];
    this.stemHash = stem === '' ? 0 : hashText(stem);
  }
}

/** True for tokens made of a language's letters. */
export const isSpelled = (kind: Category): boolean =>
  kind === 'word' || kind === 'hashtag' || kind === 'apos' || kind === 'shortForm';

function scriptOf(text: string): Word['script'] {
  // Nearly all words begin with a letter that settles it; Latin ones only where no Arabic letter can follow.
  const first = text.charCodeAt(0);
  if ((first >= 0x621 && first <= 0x63f) || (first >= 0x641 && first <= 0x64a)) return 'arabic';
  if (WESTERN_WORD.test(text)) return 'latin';
  if (/\p{Script=Arabic}/u.test(text)) return 'arabic';
  if (/\p{Script=Latin}/u.test(text)) return 'latin';
  return /\p{L}/u.test(text) ? 'other' : 'none';
}
const WESTERN_WORD = /^[a-zA-Z][\x21-\xff]*$/;

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
      return isNumber(text) ? '<num>' : plain(text).slice(0, LONGEST_FORM);
    default:
      return plain(text).slice(0, LONGEST_FORM);
  }
}

/** Most words begin with a letter, which is no digit in any writing. */
const isNumber = (text: string): boolean => !/^[a-z\u0621-\u064a]/i.test(text) && /^\p{N}+$/u.test(text);

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
    if (!form.startsWith(particle) || form.length - particle.length < 3 || forms.length === MOST_FORMS) continue;
    forms.push(form.slice(particle.length));
  }
  return forms;
}

function countLetters(length: number): number {
  let count = 0;
  for (let size = LETTERS_FROM; size <= LETTERS_TO; size += 1) count += Math.max(0, length - size + 1);
  return count;
}

/** Fills RUNS with the hash of every letters n-gram of a word; letterFeature makes a feature of each. */
export function hashLetters(word: Word): void {
  if (word.letters > 0) hashRuns(word.form, LETTERS_FROM, LETTERS_TO);
  else RUNS.count = 0;
}
export const letterFeature = (hash: number): number => mix(hash, KIND.letters);
