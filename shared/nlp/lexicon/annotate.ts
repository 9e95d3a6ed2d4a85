/**
 * Marks what the words of a sentence do to each other: lexicon hits, the reach of negations, intensifiers, contrast.
 * Called by reader.ts for each sentence with the lexicon of its language. Rules and their words: packs/<group>/rules.tsv.
 * Try it: npx vitest run --project unit tests/unit/nlp-negation.test.ts
 */
import type { Word } from '../wink/words.ts';
import { type Entry, type Lexical, type Lexicon, NOTHING, type Phrase, ROLES, type Role } from './lexicon.ts';

/** Numbers that decide; hashed into the name of the model. */
export const RULES = {
  /** "not good" is bad, but less so than "good" is good. */
  negationFactor: 0.7,
  /** Words that a negation reaches at most. */
  negationReach: 6,
  /** Words between "ne" and "pas" at most. */
  closerWithin: 5,
  /** An opener without a closer reaches this far. */
  openerReach: 3,
  /** Factor of the clause before and after "but", and of the clause of "although". */
  beforeContrast: 0.6,
  afterContrast: 1.25,
  concession: 0.6,
  strongestFactor: 2,
} as const;

/** A lexicon entry found in a text. Tokens are numbered from 0; `last` is inclusive. */
export interface Hit {
  readonly first: number;
  readonly last: number;
  /** The entry as a feature. */
  readonly key: number;
  /** In [-1, 1]; 0 for a phrase that only masks the words in it. */
  readonly weight: number;
  readonly negated: boolean;
  /** Token that negates it, or -1. */
  readonly negator: number;
  /** What intensifiers make of it, and the nearest of them (or -1). */
  readonly factor: number;
  readonly booster: number;
}

/** What is marked on the tokens of a text; arrays are as long as the text has tokens. */
export interface Marks {
  /** Token of the negation that a token stands under, plus 1; 0 for none. */
  readonly negators: Int32Array;
  /** Factor of the clause a token stands in. */
  readonly factors: Float64Array;
  /** Token of the word that set the factor, plus 1; 0 for none. */
  readonly turns: Int32Array;
  readonly hits: Hit[];
}

interface Event {
  readonly first: number;
  readonly last: number;
  readonly entry: Entry;
}

interface Found {
  readonly first: number;
  readonly last: number;
  readonly key: number;
  readonly weight: number;
  readonly negated: boolean;
  /** Holds its own negation ("ninguna queja"): one before it only agrees with it, as it does in all but English. */
  readonly closed: boolean;
}

export const emptyMarks = (tokens: number): Marks => ({
  negators: new Int32Array(tokens),
  factors: new Float64Array(tokens).fill(1),
  turns: new Int32Array(tokens),
  hits: [],
});

/** Marks the tokens `from` to `to` (exclusive), one sentence. */
export function annotate(words: readonly Word[], from: number, to: number, lexicon: Lexicon, marks: Marks): void {
  const found: Found[] = [];
  const events: Event[] = [];
  for (let i = from; i < to; ) i = look(words, i, to, lexicon, found, events);
  const roles = markRoles(events, words.length);
  if ((roles & NEGATES) !== 0) markNegations(words, from, to, events, marks);
  if ((roles & TURNS) !== 0) markClauses(words, from, to, events, marks);
  for (let n = 0; n < found.length; n += 1) {
    const { first, last, key, weight, negated, closed } = found[n] as Found;
    const negator = closed ? -1 : negatorOf(first, last, marks);
    intensity.factor = 1;
    intensity.booster = -1;
    if (weight !== 0 && (roles & BOOSTS) !== 0) intensify(first, last, events);
    marks.hits.push({
      first,
      last,
      key,
      weight,
      negated: negated !== negator >= 0,
      negator: negated ? first : negator,
      factor: intensity.factor,
      booster: intensity.booster,
    });
  }
  for (let n = 0; n < events.length; n += 1) roleBits[(events[n] as Event).first] = 0;
}

/** The negation that any word of a hit stands under, or -1. */
function negatorOf(first: number, last: number, { negators }: Marks): number {
  for (let i = first; i <= last; i += 1) if (negators[i] !== 0) return (negators[i] as number) - 1;
  return -1;
}

/** Notes the roles of each token; answers those that occur. */
function markRoles(events: readonly Event[], tokens: number): number {
  if (roleBits.length < tokens) roleBits = new Int32Array(tokens * 2);
  let all = 0;
  for (let n = 0; n < events.length; n += 1) {
    const { first, entry } = events[n] as Event;
    const role = bit(entry.role as Role);
    roleBits[first] = (roleBits[first] as number) | role;
    all |= role;
  }
  return all;
}

/** What a word is in a lexicon, looked up once. */
export function lexicalOf(word: Word, lexicon: Lexicon): Lexical {
  if (word.lexicalGroup === lexicon.number) return word.lexical as Lexical;
  const known = word.otherLexical?.[lexicon.number];
  if (known !== undefined) return known as Lexical;
  const lexical = lexicon.lookUp(word);
  if (word.lexicalGroup < 0) {
    word.lexicalGroup = lexicon.number;
    word.lexical = lexical;
  } else {
    word.otherLexical ??= [];
    word.otherLexical[lexicon.number] = lexical;
  }
  return lexical;
}

/** Takes the longest phrase or word that starts at a token; answers where to look next. */
function look(
  words: readonly Word[],
  at: number,
  to: number,
  lexicon: Lexicon,
  found: Found[],
  events: Event[],
): number {
  const word = words[at] as Word;
  const lexical = lexicalOf(word, lexicon);
  if (lexical === NOTHING) return at + 1;
  const phrase = lexical.phrases.size > 0 ? longestPhrase(words, at, to, lexical) : undefined;
  if (phrase) {
    const { entry } = phrase;
    const last = at + 1 + phrase.rest.length;
    const closed = phrase.closed && lexicon.group !== 'en';
    // "ne sont que des promesses": a phrase that holds its own negation leaves nothing for "ne" to wait for.
    if (closed) events.push({ first: at, last, entry: { ...entry, weight: null, role: 'plain' } });
    if (entry.weight === null) events.push({ first: at, last, entry });
    else found.push({ first: at, last, key: entry.key, weight: entry.weight, negated: false, closed });
    return last + 1;
  }
  const { roles, negated } = lexical;
  const opened = events[events.length - 1];
  const afterOpener = opened !== undefined && opened.last === at - 1 && opened.entry.role === 'opener';
  const entry = lexical.afterOpener && !afterOpener ? null : lexical.entry;
  // "super bien": a word that intensifies and means something does the first before another entry.
  const leansOnNext =
    entry !== null && lexical.boosts && at + 1 < to && lexicalOf(words[at + 1] as Word, lexicon).entry !== null;
  for (let n = 0; n < roles.length; n += 1) events.push({ first: at, last: at, entry: roles[n] as Entry });
  if (entry && !leansOnNext)
    found.push({ first: at, last: at, key: entry.key, weight: entry.weight ?? 0, negated, closed: false });
  else if (negated) found.push({ first: at, last: at, key: word.hash, weight: 0, negated, closed: false });
  return at + 1;
}

/** Plain loops, here and in follows: "de", "la" and "ما" open phrases, so that most texts come here several times. */
function longestPhrase(words: readonly Word[], at: number, to: number, { phrases }: Lexical): Phrase | undefined {
  if (at + 1 >= to) return undefined;
  const { forms } = words[at + 1] as Word;
  for (let n = 0; n < forms.length; n += 1) {
    const opened = phrases.get(forms[n] as string);
    if (opened === undefined) continue;
    for (let k = 0; k < opened.length; k += 1) {
      const phrase = opened[k] as Phrase;
      if (at + 1 + phrase.rest.length < to && follows(words, at + 2, phrase.rest)) return phrase;
    }
  }
  return undefined;
}

function follows(words: readonly Word[], from: number, rest: readonly string[]): boolean {
  for (let i = 0; i < rest.length; i += 1) {
    if (!(words[from + i] as Word).forms.includes(rest[i] as string)) return false;
  }
  return true;
}

const bit = (role: Role): number => 1 << ROLES.indexOf(role);
const bits = (...roles: Role[]): number => roles.reduce((all, role) => all | bit(role), 0);
const NEGATES = bits('negator', 'negator_both', 'opener');
const CLOSES = bits('closer', 'negator_both', 'negator');
const ENDS_OPENER = bits('opener_only', 'plain');
const TURNS = bits('contrast', 'concession');
const STOPS = TURNS | bits('stop');
const BOOSTS = bits('booster', 'damper');

/** The roles that start at each token, as bits; shared between texts, cleared after each sentence. */
let roleBits = new Int32Array(256);

const firstWith = (events: readonly Event[], token: number, roles: number): Event | undefined =>
  events.find(({ first, entry }) => first === token && (bit(entry.role as Role) & roles) !== 0);

function markNegations(words: readonly Word[], from: number, to: number, events: readonly Event[], marks: Marks): void {
  for (const event of events) {
    const { role } = event.entry;
    if (role === 'negator' || role === 'negator_both') {
      reach(words, event.last + 1, to, RULES.negationReach, event.first, marks);
      const before = event.first - 1;
      if (role === 'negator_both' && before >= from && words[before]?.kind === 'word') mark(marks, before, event.first);
    } else if (role === 'opener') {
      const end = Math.min(to, event.last + 1 + RULES.closerWithin);
      let closer: Event | undefined;
      let only = false;
      for (let i = event.last + 1; i < end && !closer && !only; i += 1) {
        only = ((roleBits[i] as number) & ENDS_OPENER) !== 0;
        if (((roleBits[i] as number) & CLOSES) !== 0) closer = firstWith(events, i, CLOSES);
      }
      if (only) continue;
      const length = closer ? closer.first - event.last - 1 : RULES.openerReach;
      reach(words, event.last + 1, to, length, event.first, marks);
      // "ne … plus" does not intensify.
      if (closer) roleBits[closer.first] = (roleBits[closer.first] as number) & ~BOOSTS;
      if (closer) reach(words, closer.last + 1, to, RULES.negationReach, closer.first, marks);
    }
  }
}

function mark(marks: Marks, token: number, negator: number): void {
  if (marks.negators[token] === 0) marks.negators[token] = negator + 1;
}

function reach(words: readonly Word[], start: number, to: number, length: number, negator: number, marks: Marks): void {
  for (let i = start; i < to && i < start + length; i += 1) {
    if (words[i]?.kind === 'punctuation' || words[i]?.kind === 'emoji') return;
    if (((roleBits[i] as number) & (i > start ? STOPS : TURNS)) !== 0) return;
    mark(marks, i, negator);
  }
}

function markClauses(words: readonly Word[], from: number, to: number, events: readonly Event[], marks: Marks): void {
  let clause = from;
  for (const { first, last, entry } of events) {
    if (entry.role === 'contrast') {
      for (let i = clause; i < first; i += 1) turn(marks, i, RULES.beforeContrast, first);
      for (let i = last + 1; i < to; i += 1) setFactor(marks, i, RULES.afterContrast, first);
      clause = last + 1;
    } else if (entry.role === 'concession') {
      for (let i = last + 1; i < to && words[i]?.form !== ',' && words[i]?.form !== '،'; i += 1) {
        setFactor(marks, i, RULES.concession, first);
      }
    }
  }
}

/** The clause before a contrast weighs less, whatever made it weigh more. */
function turn(marks: Marks, token: number, factor: number, by: number): void {
  setFactor(marks, token, Math.min(factor, marks.factors[token] ?? 1), by);
}

function setFactor(marks: Marks, token: number, factor: number, by: number): void {
  marks.factors[token] = factor;
  marks.turns[token] = by + 1;
}

/** What the intensifiers around a hit make of it, and the nearest of them: written over for each hit. */
const intensity = { factor: 1, booster: -1 };

/** Sets `intensity` by the intensifiers at most two words away. */
function intensify(first: number, last: number, events: readonly Event[]): void {
  let factor = 1;
  for (let n = 0; n < events.length; n += 1) {
    const event = events[n] as Event;
    const { role, value } = event.entry;
    if (role !== 'booster' && role !== 'damper') continue;
    if (((roleBits[event.first] as number) & bit(role)) === 0) continue;
    const near = (event.last < first && first - event.last <= 2) || (event.first > last && event.first - last <= 1);
    if (!near) continue;
    factor *= value;
    intensity.booster = event.first;
  }
  intensity.factor = Math.min(RULES.strongestFactor, factor);
}
