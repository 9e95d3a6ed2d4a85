/**
 * Topics and terms as they are now: what people add is used by the next batch, without a restart. Before a batch the
 * revision is looked at, at most once a second; only when it changed are terms read and the topic finder built anew, which
 * takes about 0.2 s. workers/main.ts and infra/context.ts make one. Try it: tests/integration/terms-worker.test.ts.
 */
import type { Log } from '../shared/log.ts';
import { type Analyser, createAnalyser, createEngine } from '../shared/nlp/analyse.ts';
import type { Db } from '../shared/store/db.ts';
import { readTaxonomy, topicsRevision } from '../shared/store/topics.ts';

/** What a batch is analysed with; all three are of one moment. */
export interface Taxonomy {
  revision: number;
  analyser: Analyser;
  /** Ids of the topics that the analyser names by their codes. */
  topicIds: ReadonlyMap<string, number>;
}

export interface TaxonomyWatch {
  /** What holds now, or did less than `everyMs` ago. Throws when the database is out of reach. */
  latest(): Promise<Taxonomy>;
}

export interface TaxonomyOptions {
  log: Log;
  /** Least time between two looks, in milliseconds. */
  everyMs?: number;
}

/** Reads the terms and builds the first analyser. */
export async function watchTaxonomy(db: Db, { log, everyMs = 1_000 }: TaxonomyOptions): Promise<TaxonomyWatch> {
  const engine = createEngine();
  const build = async (): Promise<Taxonomy> => {
    const { revision, topicIds, terms } = await readTaxonomy(db);
    return { revision, topicIds, analyser: createAnalyser({ userTerms: terms, engine }) };
  };
  let present = await build();
  let lookedAt = performance.now();
  let looking: Promise<Taxonomy> | undefined;
  const look = async (): Promise<Taxonomy> => {
    const startedAt = performance.now();
    if ((await topicsRevision(db)) !== present.revision) {
      present = await build();
      log.info(
        { revision: present.revision, ms: Math.round(performance.now() - startedAt) },
        'terms changed, using them',
      );
    }
    lookedAt = startedAt;
    return present;
  };
  return {
    async latest() {
      if (looking === undefined && performance.now() - lookedAt < everyMs) return present;
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}
