/**
 * The sentiment lexicon of a language group and the words that change what others mean, ready to be looked up.
 * Called by reading.ts, once a group. Try it: npm run --silent analyse -- --explain "c'est pas mal du tout"
 *
 * packs/<group>/sentiment-*.tsv: entry, weight in [-3, 3], class (see inflect.ts), variants separated by `|`. Weight 0
 * marks a phrase that holds loaded words but says nothing. packs/<group>/rules.tsv: phrase, role, value (see ROLES).
 * The spelling that is listed wins over one that a rule makes; among listed ones the first.
 */
import { GROUPS, type Group } from '../groups.ts';
import { hashText } from '../linear/hash.ts';
import { hasPack, readTable } from '../packs/read.ts';
import { foldText } from '../wink/foldText.ts';
import { plain } from '../wink/plain.ts';
import { TOKEN_PATTERNS } from '../wink/tokens.ts';
import type { Word } from '../wink/words.ts';
import { inflect } from './inflect.ts';

/**
 * negator: reverses what follows. negator_both: and the word before. opener: waits for a closer ("ne … pas"), and negates
 * alone when none comes. opener_only: ends a negation ("ne … que"). plain: a phrase in which a negator negates nothing.
 * booster, damper: multiply a neighbour by `value`. contrast: the clause after it weighs more, the one before less.
 * concession: its own clause weighs less. stop: ends the reach of a negation.
 */
export const ROLES = [
  'negator',
  'negator_both',
  'opener',
  'closer',
  'opener_only',
  'plain',
  'booster',
  'damper',
  'contrast',
  'concession',
  'stop',
] as const;
export type Role = (typeof ROLES)[number];

/** What a word or phrase means: a weight in [-1, 1] (null for a rule), or a role with its factor. */
export interface Entry {
  /** Number of the entry as a feature: the same for all its spellings and forms. */
  readonly key: number;
  readonly weight: number | null;
  readonly role: Role | null;
  readonly value: number;
}

/** Roles of words that negate, or end a negation. */
export const CLOSING: ReadonlySet<Role | null> = new Set(['closer', 'negator', 'negator_both', 'opener_only'] as const);

export interface Phrase {
  /** The words after the second. */
  readonly rest: readonly string[];
  readonly entry: Entry;
  /** A word of it negates, so that the phrase says all by itself. */
  closed: boolean;
}

/** What a word is in a lexicon, found once a word. */
export interface Lexical {
  readonly entry: Entry | null;
  readonly roles: readonly Entry[];
  /** The word holds its own negation: "ma3jbnich". */
  readonly negated: boolean;
  /** The entry counts only after a word that opens a negation: "ma zwinch". */
  readonly afterOpener: boolean;
  /** One of the roles is to intensify or to weaken. */
  readonly boosts: boolean;
  /** Phrases it may open, by their second word, longest first. */
  readonly phrases: ReadonlyMap<string, readonly Phrase[]>;
}

export interface Lexicon {
  readonly group: Group;
  /** Its place in GROUPS. */
  readonly number: number;
  /** Number of sentiment entries, emoji not counted. */
  readonly size: number;
  lookUp(word: Word): Lexical;
}

/** Of a word that no lexicon and no rule knows. */
export const NOTHING: Lexical = {
  entry: null,
  roles: [],
  negated: false,
  afterOpener: false,
  boosts: false,
  phrases: new Map(),
};
const LARGEST_WEIGHT = 3;
const splitter = new RegExp(...TOKEN_PATTERNS.helpers.splitter);
const NUMBER = /^\p{N}+$/u;
const ONE_WORD = /^[\p{L}\p{M}\p{N}]+$/u;

/** The forms of the words of a phrase, as words.ts writes them. */
export function phraseForms(phrase: string): string[] {
  const folded = foldText(phrase).text;
  if (ONE_WORD.test(folded) && !NUMBER.test(folded)) return [plain(folded)];
  // An elision is one only before a letter.
  const elided = folded.endsWith("'");
  const forms = (elided ? `${folded}a` : folded)
    .split(splitter)
    .filter((piece) => piece.trim() !== '')
    .map((piece) => (NUMBER.test(piece) ? '<num>' : plain(piece).replace(/[\ufe0e\ufe0f]|\p{Emoji_Modifier}/gu, '')));
  return elided ? forms.slice(0, -1) : forms;
}

/** Every file that decides what a group's lexicon says. */
export const lexiconFiles = (group: Group): string[] =>
  [
    `${group}/sentiment-negative.tsv`,
    `${group}/sentiment-positive.tsv`,
    'emoji/sentiment.tsv',
    rulesFile(group),
  ].filter(hasPack);
const rulesFile = (group: Group): string => `${group}/rules.tsv`;

/** What is known of a form: one look-up tells all. */
interface Known {
  entry: Entry | null;
  readonly roles: Entry[];
  phrases: Map<string, Phrase[]>;
}
const NO_PHRASES = new Map<string, Phrase[]>();

/** Loads the packs of a group: about 50 ms and 10 MB. */
export function loadLexicon(group: Group): Lexicon {
  const known = new Map<string, Known>();

  const put = ([first, second, ...rest]: readonly string[], entry: Entry): void => {
    if (first === undefined) return;
    const at = known.get(first) ?? { entry: null, roles: [], phrases: NO_PHRASES };
    known.set(first, at);
    if (second === undefined) {
      if (entry.role !== null) at.roles.push(entry);
      else at.entry ??= entry;
      return;
    }
    if (at.phrases === NO_PHRASES) at.phrases = new Map();
    const opened = at.phrases.get(second);
    if (!opened) at.phrases.set(second, [{ rest, entry, closed: false }]);
    else if (!opened.some((phrase) => phrase.rest.join(' ') === rest.join(' ')))
      opened.push({ rest, entry, closed: false });
  };

  const made: (() => void)[] = [];
  const files = lexiconFiles(group).filter((file) => file !== rulesFile(group));
  let size = 0;
  for (const file of files) {
    for (const row of readTable<'entry' | 'weight' | 'class' | 'variants'>(file)) {
      const entry: Entry = {
        key: hashText(row.entry),
        weight: Number(row.weight) / LARGEST_WEIGHT,
        role: null,
        value: 1,
      };
      if (!file.startsWith('emoji')) size += 1;
      const spellings = [row.entry, ...row.variants.split('|')].filter((spelling) => spelling !== '').map(phraseForms);
      for (const forms of spellings) put(forms, entry);
      made.push(() => {
        for (const [only, ...rest] of spellings) {
          if (only === undefined || rest.length > 0) continue;
          for (const form of inflect(group, only, row.class)) if (form.length > 2) put([form], entry);
        }
      });
    }
  }
  for (const make of made) make();
  for (const { phrase, role, value } of readTable<'phrase' | 'role' | 'value'>(rulesFile(group))) {
    if (!(ROLES as readonly string[]).includes(role)) throw new Error(`${rulesFile(group)}: unknown role ${role}`);
    put(phraseForms(phrase), { key: 0, weight: null, role: role as Role, value: value === '' ? 1 : Number(value) });
  }
  const closes = (form: string): boolean => known.get(form)?.roles.some(({ role }) => CLOSING.has(role)) ?? false;
  for (const [first, { phrases }] of known) {
    for (const [second, list] of phrases) {
      list.sort((a, b) => b.rest.length - a.rest.length);
      for (const phrase of list) phrase.closed = [first, second, ...phrase.rest].some(closes);
    }
  }
  return { group, number: GROUPS.indexOf(group), size, lookUp: (word) => lookUp(word, group, known) };
}

const DOUBLED = /([a-z])\1/;
const DOUBLED_VOWEL = /([aiouy])\1/;
/** A verb between ma and ch, in Arabic or Latin letters. */
const CIRCUMFIX = /^(?:ما|م)(.{2,})ش(?:ي)?$|^ma?(.{3,}?)(?:ch|sh|x)(?:i|e)?$/u;
/** What remains of the circumfix when ma stands apart. */
const NEGATED_END = /^(.{3,})(?:ش|ch|sh)$/u;
/** How verbs begin that are no entry themselves: Marrakech is no negation. */
const VERBAL =
  /^(?:كا?[ينت]|غا|بق|بغ|عند|خص|قد|عرف|جا|شف|كان|لق|دار|يم|تم|نق|ka[nty]|k[aiy]n|bgh|ba9|b9a|3nd|khass|kh?es|9d|3rf|ja|chf|chef|kan|l9|dar|ymk|tmk|n9d)/u;

function lookUp(word: Word, group: Group, forms: ReadonlyMap<string, Known>): Lexical {
  let entry: Entry | null = null;
  let roles: readonly Entry[] = NOTHING.roles;
  let phrases: Lexical['phrases'] = NOTHING.phrases;
  let negated = false;
  let afterOpener = false;
  const take = (form: string): void => {
    const known = forms.get(form);
    if (known === undefined) return;
    entry ??= known.entry;
    if (roles.length === 0) roles = known.roles;
    if (phrases.size === 0) phrases = known.phrases;
  };
  for (const form of word.forms) take(form);
  if (entry === null && group === 'ary') {
    const found = CIRCUMFIX.exec(word.form);
    const stem = found?.[1] ?? found?.[2];
    const known = stem === undefined ? null : (forms.get(stem)?.entry ?? null);
    if (stem !== undefined && (known || VERBAL.test(stem))) {
      entry = known;
      negated = true;
    } else {
      entry = forms.get(NEGATED_END.exec(word.form)?.[1] ?? '')?.entry ?? null;
      afterOpener = entry !== null;
    }
  }
  // A double letter may be a drawl, folded from three or more: "troop" is "trop". Darija doubles any letter.
  if (
    entry === null &&
    !negated &&
    roles.length === 0 &&
    phrases.size === 0 &&
    (group === 'ary' ? DOUBLED : DOUBLED_VOWEL).test(word.form)
  ) {
    take(word.form.replace(group === 'ary' ? /([a-z])\1/g : /([aiouy])\1/g, '$1'));
  }
  if (entry === null && !negated && roles.length === 0 && phrases.size === 0) return NOTHING;
  const boosts = roles.some(({ role }) => role === 'booster' || role === 'damper');
  return { entry, roles, negated, afterOpener, boosts, phrases };
}
