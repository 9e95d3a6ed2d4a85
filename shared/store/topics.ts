/** The topics: seeded from the packs at migration, read by the API for names; users' terms are read by workers. */
import { many, type Queryable, run } from './db.ts';

export interface Topic {
  id: number;
  code: string;
  names: Record<string, string>;
}

/** Writes the packs' topics; ids and codes never change, names may. */
export async function saveTopics(db: Queryable, topics: readonly Topic[]): Promise<void> {
  await run(
    db,
    `insert into topics (id, code, names) select id, code, names from json_to_recordset($1::json) as t (id smallint, code text, names jsonb)
     on conflict (id) do update set names = excluded.names where topics.names is distinct from excluded.names`,
    [JSON.stringify(topics)],
  );
}

/** All topics, by id. */
export async function listTopics(db: Queryable): Promise<Topic[]> {
  return many<Topic & Record<string, unknown>>(db, 'select id, code, names from topics order by id');
}

/** Terms that people added, for the analyser. */
export async function listUserTerms(db: Queryable): Promise<{ topic: string; language: string; term: string }[]> {
  return many<{ topic: string; language: string; term: string }>(
    db,
    'select t.code as topic, tt.language, tt.term from topic_terms tt join topics t on t.id = tt.topic order by 1, 2, 3',
  );
}
