/**
 * Finds topics and entities in a text of any language, by terms listed in packs/ and terms added by users.
 * Called by analyse.ts. Try it: npx vitest run --project unit tests/unit/nlp-topics.test.ts
 *
 * packs/topic-terms.tsv and packs/entities.tsv hold one term a line. Terms and texts are folded alike (see fold.ts), so
 * accents, capitals and Arabic spellings do not matter; a term that starts with `=` wants its capitals as written.
 * Arabic words match with the particles that are written onto them too. Matches are leftmost and longest: of two terms that
 * overlap only the first counts, but terms that stand inside a longer one are all found.
 */
import type { EntityMention } from '../contracts/analysis.ts';
import { type FoldedWord, foldWords } from './fold.ts';
import {
  addNested,
  collectPhrases,
  foldTerms,
  type Member,
  NO_TERM,
  PACK_ENTITIES,
  PACK_TERMS,
  type TopicTerm,
  termWord,
} from './phrases.ts';
import type { PhraseMatching, Reading } from './reader.ts';
import type { Word } from './wink/words.ts';

/** Offsets in UTF-16 code units of the text. */
export interface TopicHit {
  readonly topic: string;
  readonly start: number;
  readonly end: number;
}

export interface TopicFinder {
  /** To be given to the reader, which has wink match the phrases. */
  readonly matching: PhraseMatching;
  /** Topics by place in the text, one hit for each mention, and entities likewise. Offsets are those of the original. */
  find(reading: Reading): { topics: TopicHit[]; entities: EntityMention[] };
}

const SHOUTED = 0.7;
const SHOUTED_LETTERS = 12;

/** Builds the matcher: about 0.2 s for the packs alone. Terms that fold to nothing are left out. */
export function createTopicFinder(userTerms: readonly TopicTerm[]): TopicFinder {
  const terms = foldTerms([...PACK_TERMS, ...userTerms], PACK_ENTITIES);
  const vocabulary = new Set(terms.flatMap(({ spellings }) => spellings.flat().map((word) => word.text)));
  const members = addNested(collectPhrases(terms, vocabulary));
  const phrases = [...members.keys()];

  const see = (text: string): SeenWord => look(text, vocabulary, members);
  /** Notes what terms see of a word. Patterns are in lower case, and so are the words they are looked for in. */
  const prepare = (word: Word): string => {
    const { event, inside } = see(word.text);
    const lower = word.text.toLowerCase();
    word.inside = inside;
    word.event = lower === word.text ? event : see(lower).event;
    return word.event;
  };

  return {
    matching: {
      // Each pattern names the set of topics and entities of its phrase: wink keeps one name a phrase.
      patterns: phrases.map((phrase, i) => ({ name: `s${i}`, patterns: [phrase] })),
      eventOf: (word) => word.event ?? prepare(word),
    },
    find(reading) {
      const found: Found[] = [];
      for (const [first, , name] of reading.phrases) {
        for (const member of members.get(phrases[Number(name.slice(1))] ?? '') ?? []) {
          found.push(place(member, first, reading));
        }
      }
      // A plain loop: this runs for every token of every text.
      for (let i = 0; i < reading.words.length; i += 1) {
        const word = reading.words[i] as Word;
        if (word.event === undefined) prepare(word);
        if (word.inside === NONE) continue;
        const at = reading.offsets[i] as number;
        for (const { member, start, end } of word.inside as SeenWord['inside']) {
          found.push({ member, cased: [], start: reading.original(at + start), end: reading.original(at + end) });
        }
      }
      return found.length === 0 ? { topics: [], entities: [] } : collect(found, reading.text);
    },
  };

  function place(member: Member, phrase: number, { words, starts, ends }: Reading): Found {
    const first = phrase + member.offset;
    const last = first + member.length - 1;
    const cased = member.exactly ? words.slice(first, last + 1).map((word) => see(word.text).cased) : [];
    return { member, cased, start: starts[first] as number, end: ends[last] as number };
  }
}

/** What terms see of one token. */
interface SeenWord {
  /** The word as terms have it; what wink matches phrases on. */
  readonly event: string;
  readonly cased: string;
  /** Terms inside a token of several words: #DataCenter, fibre-optique. Offsets in the token. */
  readonly inside: readonly { readonly member: Member; readonly start: number; readonly end: number }[];
}

interface Found {
  readonly member: Member;
  /** The words as written, where the term wants its capitals. */
  readonly cased: readonly string[];
  readonly start: number;
  readonly end: number;
}

function look(
  text: string,
  vocabulary: ReadonlySet<string>,
  members: ReadonlyMap<string, readonly Member[]>,
): SeenWord {
  const parts = foldWords(text);
  const [only] = parts;
  if (!only) return { event: NO_TERM, cased: NO_TERM, inside: NONE };
  if (parts.length === 1) return { event: termWord(only.text, vocabulary), cased: only.cased, inside: NONE };
  const joined = parts.map((part) => part.text).join('-');
  if (vocabulary.has(joined)) return { event: joined, cased: text, inside: NONE };
  return { event: NO_TERM, cased: text, inside: termsInside(parts, vocabulary, members) };
}
const NONE: SeenWord['inside'] = [];

/** Parts of one token that are looked at: nobody writes longer hashtags, and time stays bounded. */
const MOST_PARTS = 24;

/** Leftmost and longest terms, none inside another but those that a phrase names as its members. */
function termsInside(
  all: readonly FoldedWord[],
  vocabulary: ReadonlySet<string>,
  members: ReadonlyMap<string, readonly Member[]>,
): SeenWord['inside'] {
  const parts = all.slice(0, MOST_PARTS);
  const words = parts.map(({ text }) => termWord(text, vocabulary));
  const found: SeenWord['inside'][number][] = [];
  for (let from = 0; from < words.length; ) {
    let to = words.length;
    while (to > from && !members.has(words.slice(from, to).join(' '))) to -= 1;
    for (const member of members.get(words.slice(from, to).join(' ')) ?? []) {
      const own = parts.slice(from + member.offset, from + member.offset + member.length);
      const [first, last] = [own[0], own.at(-1)];
      const cased = own.map((part) => part.cased);
      if (first && last && isWrittenAs(cased, member.exactly))
        found.push({ member, start: first.start, end: last.end });
    }
    from = Math.max(to, from + 1);
  }
  return found;
}

function collect(found: readonly Found[], text: string): { topics: TopicHit[]; entities: EntityMention[] } {
  const topics: TopicHit[] = [];
  const entities: EntityMention[] = [];
  for (const { member, cased, start, end } of [...found].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const { target, exactly } = member;
    if (exactly && cased.length > 0 && (!isWrittenAs(cased, exactly) || isShouted(text))) continue;
    if ('topic' in target) topics.push({ topic: target.topic, start, end });
    else if (entities.at(-1)?.entity !== target.entity || entities.at(-1)?.start !== start) {
      entities.push({ ...target, start, end });
    }
  }
  return { topics, entities };
}

/** In a text all in capitals an acronym cannot be told from a word. */
function isShouted(text: string): boolean {
  const upper = text.match(/\p{Lu}/gu)?.length ?? 0;
  const lower = text.match(/\p{Ll}/gu)?.length ?? 0;
  return upper + lower >= SHOUTED_LETTERS && upper > SHOUTED * (upper + lower);
}

const isWrittenAs = (cased: readonly string[], exactly: readonly string[] | undefined): boolean =>
  exactly === undefined || cased.every((word, i) => word === exactly[i]);
