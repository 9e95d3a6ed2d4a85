/**
 * Terms of topics and entities as phrases of words: read from packs/, folded, with what each phrase stands for.
 * Called by topics.ts and by whoever checks a user's term. Try it: npx vitest run --project unit tests/unit/nlp-topics.test.ts
 *
 * packs/topic-terms.tsv and packs/entities.tsv hold one term a line. Terms and texts are folded alike (see fold.ts); a term
 * that starts with `=` wants its capitals as written.
 */
import type { EntityMention } from '../contracts/analysis.ts';
import { type FoldedWord, foldWords } from './fold.ts';
import { readPack } from './packs/read.ts';
import { foldText } from './wink/foldText.ts';
import { TOKEN_PATTERNS } from './wink/tokens.ts';

/** A term of a topic, in a language: a row of packs/topic-terms.tsv, or what a user added. */
export interface TopicTerm {
  readonly topic: string;
  readonly language: string;
  readonly term: string;
}

interface EntityTerm {
  readonly entity: string;
  readonly kind: EntityMention['kind'];
  readonly term: string;
}

/** A term that a phrase contains: `offset` and `length` in words of the phrase. */
export interface Member {
  readonly target: { readonly topic: string } | { readonly entity: string; readonly kind: EntityMention['kind'] };
  readonly offset: number;
  readonly length: number;
  /** The words with their capitals, when the term wants them as written. */
  readonly exactly?: readonly string[] | undefined;
}

const rows = (tsv: string): string[][] =>
  tsv
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));

const TERMS_TSV = readPack('topic-terms.tsv');
const ENTITIES_TSV = readPack('entities.tsv');

/** The contents that decide which topics and entities are found, for a version. */
export const PACK_CONTENTS: readonly string[] = [TERMS_TSV, ENTITIES_TSV];

export const PACK_TERMS: readonly TopicTerm[] = rows(TERMS_TSV).map(([topic = '', language = '', term = '']) => ({
  topic,
  language,
  term,
}));
export const PACK_ENTITIES: readonly EntityTerm[] = rows(ENTITIES_TSV).map(([entity = '', kind = '', term = '']) => ({
  entity,
  kind: kind as EntityMention['kind'],
  term,
}));

/** Stands for every word that no term contains, so that the matcher keeps none of them. */
export const NO_TERM = '·';
/** "And", "so", "in", "like", "for", alone and together; "for the" swallows the alef of the article. */
const PARTICLES: readonly (readonly [written: string, meant: string])[] = [
  ...['لل', 'ولل', 'فلل'].map((particle) => [particle, 'ال'] as const),
  ...['و', 'ف', 'ب', 'ك', 'ل', 'وب', 'ول', 'فب', 'فل', 'وك', 'وف'].map((particle) => [particle, ''] as const),
];
const PARTICLE_FIRST = /^[وفبكل]/;
/** The word as terms have it, without the particles that Arabic writes onto it; a stand-in when no term has it. */
export function termWord(word: string, vocabulary: ReadonlySet<string>): string {
  if (PARTICLE_FIRST.test(word)) {
    for (const [written, meant] of PARTICLES) {
      if (!word.startsWith(written)) continue;
      const bare = meant + word.slice(written.length);
      if (bare.length >= 3 && vocabulary.has(bare)) return bare;
    }
  }
  return vocabulary.has(word) ? word : NO_TERM;
}

interface FoldedTerm {
  readonly target: Member['target'];
  /** The words as tokens of a text would be, in each way of writing hyphens. */
  readonly spellings: readonly (readonly FoldedWord[])[];
  readonly exact: boolean;
}

export function foldTerms(topics: readonly TopicTerm[], entities: readonly EntityTerm[]): FoldedTerm[] {
  const fold = (term: string, target: Member['target']): FoldedTerm => ({
    target,
    spellings: spellingsOf(term.replace(/^=/, '')),
    exact: term.startsWith('='),
  });
  return [
    ...topics.map(({ topic, term }) => fold(term, { topic })),
    ...entities.map(({ entity, kind, term }) => fold(term, { entity, kind })),
  ];
}

const splitter = new RegExp(...TOKEN_PATTERNS.helpers.splitter);

/** "câble sous-marin" is two tokens or three; "N+ONE" is three, of which no term has the second. */
function spellingsOf(term: string): FoldedWord[][] {
  const tokens = foldText(term)
    .text.split(splitter)
    .filter((piece) => piece.trim() !== '')
    .map((piece) => ({ piece, parts: foldWords(piece) }));
  while (tokens.at(-1)?.parts.length === 0) tokens.pop();
  while (tokens[0]?.parts.length === 0) tokens.shift();
  if (tokens.length === 0) return [];
  const whole = tokens.map(({ piece, parts }): FoldedWord => {
    const text = parts.length === 0 ? NO_TERM : parts.map((part) => part.text).join('-');
    const cased = parts.length === 1 ? (parts[0] as FoldedWord).cased : piece;
    return { text, cased: parts.length === 0 ? NO_TERM : cased, start: 0, end: 0 };
  });
  const apart = tokens.flatMap(({ parts }): FoldedWord[] =>
    parts.length > 0 ? parts : [{ text: NO_TERM, cased: NO_TERM, start: 0, end: 0 }],
  );
  return apart.length === whole.length ? [whole] : [whole, apart];
}

/**
 * The phrases that a term is matched by, without particles; of two terms whose phrases are the same one is too many.
 * Empty for a term that holds no word.
 */
export function termPhrases(term: string): string[] {
  const isExact = term.startsWith('=');
  return spellingsOf(term.replace(/^=/, '')).map((words) =>
    isExact ? `=${words.map(({ cased }) => cased).join(' ')}` : words.map(({ text }) => text).join(' '),
  );
}

/** Every folded phrase with the terms that are exactly it. */
export function collectPhrases(terms: readonly FoldedTerm[], vocabulary: ReadonlySet<string>): Map<string, Member[]> {
  const phrases = new Map<string, Member[]>();
  for (const { target, spellings, exact } of terms) {
    for (const words of spellings) {
      const phrase = words.map((word) => termWord(word.text, vocabulary)).join(' ');
      const exactly = exact ? words.map((word) => word.cased) : undefined;
      phrases.set(phrase, [...(phrases.get(phrase) ?? []), { target, offset: 0, length: words.length, exactly }]);
    }
  }
  return phrases;
}

/** wink reports the longest phrase only: each phrase also names the terms that stand inside it. */
export function addNested(phrases: ReadonlyMap<string, readonly Member[]>): Map<string, Member[]> {
  const all = new Map<string, Member[]>();
  for (const phrase of phrases.keys()) {
    const words = phrase.split(' ');
    const members: Member[] = [];
    for (let from = 0; from < words.length; from += 1) {
      for (let to = words.length; to > from; to -= 1) {
        const inside = phrases.get(words.slice(from, to).join(' ')) ?? [];
        members.push(...inside.map((member) => ({ ...member, offset: from })));
      }
    }
    all.set(phrase, members);
  }
  return all;
}
