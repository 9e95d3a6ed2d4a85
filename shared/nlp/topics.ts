/**
 * Finds topics and entities in a text of any language, by terms listed in packs/ and terms added by users.
 * Called by analyse.ts. Try it: npx vitest run --project unit tests/unit/nlp-topics.test.ts
 *
 * packs/topic-terms.tsv and packs/entities.tsv hold one term a line. Terms and texts are folded alike (see fold.ts), so
 * accents, capitals and Arabic spellings do not matter; a term that starts with `=` wants its capitals as written.
 * Arabic words match with the particles that are written onto them too. Matches are leftmost and longest: of two terms that
 * overlap only the first counts, but terms that stand inside a longer one are all found.
 */
import { readFileSync } from 'node:fs';
import type { EntityMention } from '../contracts/analysis.ts';
import { type FoldedWord, foldWords } from './fold.ts';
import { createPhraseMatcher } from './matcher.ts';

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

/** Offsets in UTF-16 code units of the text. */
export interface TopicHit {
  readonly topic: string;
  readonly start: number;
  readonly end: number;
}

export interface TopicFinder {
  /** Topics by place in the text, one hit for each mention, and entities likewise. */
  find(text: string): { topics: TopicHit[]; entities: EntityMention[] };
}

/** A term that a phrase contains: `offset` and `length` in words of the phrase. */
interface Member {
  readonly target: { readonly topic: string } | { readonly entity: string; readonly kind: EntityMention['kind'] };
  readonly offset: number;
  readonly length: number;
  /** The words with their capitals, when the term wants them as written. */
  readonly exactly?: readonly string[] | undefined;
}

const read = (name: string): string => readFileSync(new URL(`./packs/${name}`, import.meta.url), 'utf8');
const rows = (tsv: string): string[][] =>
  tsv
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));

const TERMS_TSV = read('topic-terms.tsv');
const ENTITIES_TSV = read('entities.tsv');

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
const NO_TERM = '·';
/** "And", "so", "in", "like", "for", alone and together; "for the" swallows the alef of the article. */
const PARTICLES: readonly (readonly [written: string, meant: string])[] = [
  ...['لل', 'ولل', 'فلل'].map((particle) => [particle, 'ال'] as const),
  ...['و', 'ف', 'ب', 'ك', 'ل', 'وب', 'ول', 'فب', 'فل', 'وك', 'وف'].map((particle) => [particle, ''] as const),
];
const PARTICLE_FIRST = /^[وفبكل]/;
const SHOUTED = 0.7;
const SHOUTED_LETTERS = 12;

/** Builds the matcher: about 0.3 s for the packs alone. Terms that fold to nothing are left out. */
export function createTopicFinder(userTerms: readonly TopicTerm[]): TopicFinder {
  const terms = foldTerms([...PACK_TERMS, ...userTerms], PACK_ENTITIES);
  const vocabulary = new Set(terms.flatMap(({ words }) => words.map((word) => word.text)));
  const members = addNested(collectPhrases(terms, vocabulary));
  const names = [...members.keys()];
  const match = createPhraseMatcher(names.map((phrase, i) => ({ name: `s${i}`, phrase })));
  const memberLists = new Map(names.map((phrase, i) => [`s${i}`, members.get(phrase) ?? []]));
  const openers = new Set(names.map((phrase) => phrase.split(' ', 1)[0] ?? ''));

  return {
    find(text) {
      const topics: TopicHit[] = [];
      const entities: EntityMention[] = [];
      const words = foldWords(text);
      const inTerms = words.map((word) => termWord(word.text, vocabulary));
      if (!inTerms.some((word) => openers.has(word))) return { topics, entities };
      const shouted = isShouted(text);
      for (const [first, , name] of match(inTerms.join(' '))) {
        for (const { target, offset, length, exactly } of memberLists.get(name) ?? []) {
          const found = words.slice(first + offset, first + offset + length);
          const [start, end] = [found[0]?.start ?? 0, found.at(-1)?.end ?? 0];
          if (exactly && (shouted || !isWrittenAs(found, exactly))) continue;
          if ('topic' in target) topics.push({ topic: target.topic, start, end });
          else if (entities.at(-1)?.entity !== target.entity || entities.at(-1)?.start !== start) {
            entities.push({ ...target, start, end });
          }
        }
      }
      return { topics, entities };
    },
  };
}

/** The word as terms have it, without the particles that Arabic writes onto it; a stand-in when no term has it. */
function termWord(word: string, vocabulary: ReadonlySet<string>): string {
  if (PARTICLE_FIRST.test(word)) {
    for (const [written, meant] of PARTICLES) {
      const bare = meant + word.slice(written.length);
      if (word.startsWith(written) && bare.length >= 3 && vocabulary.has(bare)) return bare;
    }
  }
  return vocabulary.has(word) ? word : NO_TERM;
}

/** In a text all in capitals an acronym cannot be told from a word. */
function isShouted(text: string): boolean {
  const upper = text.match(/\p{Lu}/gu)?.length ?? 0;
  const lower = text.match(/\p{Ll}/gu)?.length ?? 0;
  return upper + lower >= SHOUTED_LETTERS && upper > SHOUTED * (upper + lower);
}

const isWrittenAs = (words: readonly FoldedWord[], exactly: readonly string[]): boolean =>
  words.every((word, i) => word.cased === exactly[i]);

interface FoldedTerm {
  readonly target: Member['target'];
  readonly words: readonly FoldedWord[];
  readonly exact: boolean;
}

function foldTerms(topics: readonly TopicTerm[], entities: readonly EntityTerm[]): FoldedTerm[] {
  const fold = (term: string, target: Member['target']): FoldedTerm => ({
    target,
    words: foldWords(term),
    exact: term.startsWith('='),
  });
  return [
    ...topics.map(({ topic, term }) => fold(term, { topic })),
    ...entities.map(({ entity, kind, term }) => fold(term, { entity, kind })),
  ].filter(({ words }) => words.length > 0);
}

/** Every folded phrase with the terms that are exactly it. */
function collectPhrases(terms: readonly FoldedTerm[], vocabulary: ReadonlySet<string>): Map<string, Member[]> {
  const phrases = new Map<string, Member[]>();
  for (const { target, words, exact } of terms) {
    const phrase = words.map((word) => termWord(word.text, vocabulary)).join(' ');
    const exactly = exact ? words.map((word) => word.cased) : undefined;
    phrases.set(phrase, [...(phrases.get(phrase) ?? []), { target, offset: 0, length: words.length, exactly }]);
  }
  return phrases;
}

/** wink reports the longest phrase only: each phrase also names the terms that stand inside it. */
function addNested(phrases: ReadonlyMap<string, readonly Member[]>): Map<string, Member[]> {
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
