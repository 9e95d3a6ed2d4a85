/**
 * Topics and the terms that people added. The packs' topics are written at migration; people add others, and terms to any.
 * shared/terms.ts edits them, workers/taxonomy.ts reads them for the analyser, the API for names and filters.
 */
import { many, one, type Queryable, run, type Tx } from './db.ts';

/** Topics with this id or a higher one are people's; lower ones are for the packs, those of later versions too. */
export const FIRST_OWN_TOPIC = 1_000;

export interface Topic {
  id: number;
  code: string;
  names: Record<string, string>;
}

/** A term that somebody added. */
export interface StoredTerm {
  id: number;
  /** The topic's code. */
  topic: string;
  language: string;
  term: string;
  created_at: Date;
}

/** Writes the packs' topics; ids and codes never change, names may. A code that people took first stays theirs. */
export async function saveTopics(db: Queryable, topics: readonly Topic[]): Promise<void> {
  await run(
    db,
    `insert into topics (id, code, names)
     select id, code, names from json_to_recordset($1::json) as t (id smallint, code text, names jsonb)
     where not exists (select 1 from topics x where x.code = t.code and x.id <> t.id)
     on conflict (id) do update set names = excluded.names where topics.names is distinct from excluded.names`,
    [JSON.stringify(topics)],
  );
}

/** All topics, by id: those of the packs first. */
export async function listTopics(db: Queryable): Promise<Topic[]> {
  return many<Topic & Record<string, unknown>>(db, 'select id, code, names from topics order by id');
}

/** The topic of a code. */
export async function findTopic(db: Queryable, code: string): Promise<Topic | undefined> {
  return one<Topic & Record<string, unknown>>(db, 'select id, code, names from topics where code = $1', [code]);
}

/** Ids of the topics of these codes; a code that no topic has is left out. */
export async function topicIdsOf(db: Queryable, codes: readonly string[]): Promise<Map<string, number>> {
  if (codes.length === 0) return new Map();
  const rows = await many<{ code: string; id: number }>(db, 'select code, id from topics where code = any($1)', [
    codes,
  ]);
  return new Map(rows.map(({ code, id }) => [code, id]));
}

/** The code of every topic, by its id. */
export async function topicCodes(db: Queryable): Promise<Map<number, string>> {
  return new Map((await listTopics(db)).map(({ id, code }) => [id, code]));
}

const TERM = 'tt.id, t.code as topic, tt.language, tt.term, tt.created_at';

/** Every term that people added, by topic, language and term. */
export async function listTerms(db: Queryable): Promise<StoredTerm[]> {
  return many<StoredTerm & Record<string, unknown>>(
    db,
    `select ${TERM} from topic_terms tt join topics t on t.id = tt.topic order by t.id, tt.language, tt.term`,
  );
}

/** A term by its id. */
export async function findTerm(db: Queryable, id: number): Promise<StoredTerm | undefined> {
  return one<StoredTerm & Record<string, unknown>>(
    db,
    `select ${TERM} from topic_terms tt join topics t on t.id = tt.topic where tt.id = $1`,
    [id],
  );
}

const REVISION = `coalesce((select (value #>> '{}')::bigint from settings where key = 'topics_revision'), 0)`;

/** Changes with every edit of topics and terms: one that is known already says that nothing changed. */
export async function topicsRevision(db: Queryable): Promise<number> {
  return (await one<{ revision: number }>(db, `select ${REVISION} as revision`))?.revision ?? 0;
}

/** Raises the revision. Call it first in the transaction: its row lock makes edits wait for each other. */
export async function raiseTopicsRevision(tx: Tx): Promise<number> {
  const row = await one<{ revision: number }>(
    tx,
    `insert into settings as s (key, value) values ('topics_revision', '1')
     on conflict (key) do update set value = to_jsonb((s.value #>> '{}')::bigint + 1)
     returning (value #>> '{}')::bigint as revision`,
  );
  return row?.revision ?? 0;
}

/** What an analyser is built from, all of one moment. */
export interface StoredTaxonomy {
  revision: number;
  /** Id of each topic's code. */
  topicIds: Map<string, number>;
  terms: { topic: string; language: string; term: string }[];
}

/** Revision, topics and terms in one statement, so that they belong together. */
export async function readTaxonomy(db: Queryable): Promise<StoredTaxonomy> {
  const row = await one<{
    revision: number;
    topics: Record<string, number>;
    terms: StoredTaxonomy['terms'];
  }>(
    db,
    `select ${REVISION} as revision,
       coalesce((select json_object_agg(code, id) from topics), '{}') as topics,
       coalesce((select json_agg(json_build_object('topic', t.code, 'language', tt.language, 'term', tt.term)
         order by t.id, tt.language, tt.term) from topic_terms tt join topics t on t.id = tt.topic), '[]') as terms`,
  );
  if (!row) throw new Error('a statement without a table returned no row');
  return { revision: row.revision, topicIds: new Map(Object.entries(row.topics)), terms: row.terms };
}

/** Adds a topic with the next free id of people's topics. */
export async function insertTopic(tx: Tx, code: string, names: Topic['names']): Promise<Topic> {
  const row = await one<Topic & Record<string, unknown>>(
    tx,
    `insert into topics (id, code, names)
     select greatest(max(id) + 1, ${FIRST_OWN_TOPIC}), $1::text, $2::jsonb from topics returning id, code, names`,
    [code, JSON.stringify(names)],
  );
  if (!row) throw new Error('the topic was not written');
  return row;
}

/** Adds terms to a topic; the caller has made sure that they are new. */
export async function insertTerms(
  tx: Tx,
  { id, code }: Topic,
  terms: readonly { language: string; term: string }[],
): Promise<StoredTerm[]> {
  const rows = await many<Omit<StoredTerm, 'topic'> & Record<string, unknown>>(
    tx,
    `insert into topic_terms (topic, language, term)
     select $1::smallint, language, term from unnest($2::text[], $3::text[]) with ordinality as w (language, term, place) order by place
     returning id, language, term, created_at`,
    [id, terms.map(({ language }) => language), terms.map(({ term }) => term)],
  );
  return rows.map((row) => ({ ...row, topic: code }));
}

/** Removes a term. */
export async function deleteTerm(tx: Tx, id: number): Promise<void> {
  await run(tx, 'delete from topic_terms where id = $1', [id]);
}
