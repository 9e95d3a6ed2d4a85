/**
 * Edits of topics and terms. The API and `sada terms` call it, so that both say the same; shared/termPreview.ts tries terms.
 * An edit is one transaction with the revision that workers look at; edits wait for each other, so none misses another.
 * Posts that are stored keep their topics: `sada rescore` brings them up to date.
 */
import { MAX_TERM, MAX_TERM_WORDS, type NewTerm } from './contracts/api/topics.ts';
import { AppError, type FieldError } from './errors.ts';
import { type Db, inTransaction, type Tx } from './store/db.ts';
import {
  deleteTerm,
  findTerm,
  findTopic,
  insertTerms,
  insertTopic,
  listTerms,
  listTopics,
  raiseTopicsRevision,
  type StoredTerm,
  type Topic,
} from './store/topics.ts';
import { bumpVersion } from './store/version.ts';

/** Most terms and topics that people may add: more would slow every text down. */
const MOST_TERMS = 5_000;
const MOST_TOPICS = 500;

export interface Edited {
  topic: Topic;
  /** What was added or removed. */
  terms: StoredTerm[];
  revision: number;
}

/** Adds a topic, with terms or without. Throws `invalid` and `conflict`, naming the field. */
export async function addTopic(
  db: Db,
  { code, names, terms }: { code: string; names: Topic['names']; terms: readonly NewTerm[] },
): Promise<Edited> {
  const checked = await checkTerms(terms);
  return editing(db, async (tx) => {
    const topics = await listTopics(tx);
    if (topics.some((topic) => topic.code === code))
      refuseAs('conflict', [taken('/code', 'there is such a topic already')]);
    if (topics.length >= MOST_TOPICS) throw new AppError('conflict', `There are ${MOST_TOPICS} topics: no more fit`);
    const topic = await insertTopic(tx, code, names);
    return { topic, terms: await addChecked(tx, topic, checked) };
  });
}

/** Adds terms to a topic, all or none. Throws `not_found`, `invalid` and `conflict`, naming the field. */
export async function addTerms(db: Db, code: string, terms: readonly NewTerm[]): Promise<Edited> {
  const checked = await checkTerms(terms);
  return editing(db, async (tx) => {
    const topic = await findTopic(tx, code);
    if (!topic) throw new AppError('not_found', `There is no topic ${code}`);
    return { topic, terms: await addChecked(tx, topic, checked) };
  });
}

/** Removes a term; of `code` when it is given. Throws `not_found`. */
export async function removeTerm(db: Db, id: number, code?: string): Promise<Edited> {
  return editing(db, async (tx) => {
    const term = await findTerm(tx, id);
    const topic = term && (code === undefined || term.topic === code) ? await findTopic(tx, term.topic) : undefined;
    if (!term || !topic) throw new AppError('not_found', code ? `${code} has no term ${id}` : `There is no term ${id}`);
    await deleteTerm(tx, id);
    return { topic, terms: [term] };
  });
}

function editing(db: Db, work: (tx: Tx) => Promise<Omit<Edited, 'revision'>>): Promise<Edited> {
  return inTransaction(db, async (tx) => {
    const revision = await raiseTopicsRevision(tx);
    const done = await work(tx);
    await bumpVersion(tx, { event: 'topics', payload: { topic: done.topic.code, revision } });
    return { ...done, revision };
  });
}

const taken = (pointer: string, detail: string): FieldError => ({ pointer, detail });

/** Throws an error of the code with these problems, at most 50, unless there is none. */
export function refuseAs(code: 'invalid' | 'conflict', errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const says = code === 'invalid' ? 'Some values are wrong' : 'Some of this is there already';
  throw new AppError(code, says, { errors: errors.slice(0, 50) });
}

interface CheckedTerm extends NewTerm {
  /** What it is matched by. */
  phrases: readonly string[];
}

/** Not loaded by those who only read: it brings the packs and wink-nlp. */
const loadTopics = () => import('./nlp/phrases.ts');

/** The terms without what cannot be seen, with what they are matched by. Throws `invalid` with every problem. */
export async function checkTerms(terms: readonly NewTerm[]): Promise<CheckedTerm[]> {
  if (terms.length === 0) return [];
  const { termPhrases } = await loadTopics();
  const checked = terms.map(({ language, term }) => {
    const seen = clean(term);
    return { language, term: seen, phrases: seen.length > MAX_TERM ? [] : termPhrases(seen) };
  });
  refuseAs(
    'invalid',
    checked.flatMap(({ term, phrases }, index): FieldError[] => {
      const detail = whyNoTerm(term, phrases);
      return detail ? [{ pointer: `/terms/${index}/term`, detail }] : [];
    }),
  );
  return checked;
}

/** Marks of direction and soft hyphens come along when text is copied; several spaces are one. */
function clean(term: string): string {
  return term
    .normalize('NFC')
    .replace(/[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

function whyNoTerm(term: string, phrases: readonly string[]): string | undefined {
  if (term === '') return 'is empty';
  if (term.length > MAX_TERM) return `is longer than ${MAX_TERM} characters`;
  if (/[\p{Cc}\p{Cs}]/u.test(term)) return 'holds a control character';
  if (phrases.length === 0) return 'holds no word that could be found: no letter or digit outside of links';
  const words = Math.max(...phrases.map((phrase) => phrase.split(' ').length));
  return words > MAX_TERM_WORDS ? `has ${words} words; at most ${MAX_TERM_WORDS}` : undefined;
}

async function addChecked(tx: Tx, topic: Topic, terms: readonly CheckedTerm[]): Promise<StoredTerm[]> {
  if (terms.length === 0) return [];
  const { PACK_TERMS, termPhrases } = await loadTopics();
  const own = await listTerms(tx);
  if (own.length + terms.length > MOST_TERMS) {
    throw new AppError('conflict', `People added ${own.length} terms already; at most ${MOST_TERMS} fit`);
  }
  const phraseKey = (language: string, phrase: string) => `${language} ${phrase}`;
  const known = new Map<string, string>();
  const note = (language: string, phrases: readonly string[], where: string) => {
    for (const phrase of phrases) known.set(phraseKey(language, phrase), where);
  };
  for (const one of PACK_TERMS) {
    if (one.topic === topic.code) note(one.language, termPhrases(one.term), 'Sada brings it for this topic already');
  }
  for (const one of own) {
    if (one.topic === topic.code)
      note(one.language, termPhrases(one.term), `the topic has it already, as term ${one.id}`);
  }
  const errors = terms.flatMap(({ language, phrases }, index): FieldError[] => {
    const where = phrases.map((phrase) => known.get(phraseKey(language, phrase)));
    if (where.every((one) => one !== undefined)) return [taken(`/terms/${index}/term`, where[0] ?? '')];
    note(language, phrases, `is the same as /terms/${index}`);
    return [];
  });
  refuseAs('conflict', errors);
  return insertTerms(tx, topic, terms);
}
