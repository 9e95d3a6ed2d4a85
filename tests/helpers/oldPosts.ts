/**
 * Posts as an earlier scorer left them, for the tests of rescoring: `await storeOld(db, 1_200)`. The scorer is a real
 * analyser of its own, a poor one: every text is neutral English about topic 1.
 */
import type { Analysis } from '../../shared/contracts/analysis.ts';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import { TOPIC_CODES } from '../../shared/contracts/words.ts';
import type { Analyser } from '../../shared/nlp/analyse.ts';
import type { Db } from '../../shared/store/db.ts';
import { ingest } from '../../workers/ingest.ts';
import { aSource, ingestDeps, seen } from './builders.ts';

/** An analyser of its own name, whose every verdict is the same. */
export function plainAnalyser(model: string, label: 'neutral' | 'positive' = 'neutral'): Analyser {
  const analysis = (): Analysis => ({
    language: 'en',
    label,
    score: label === 'neutral' ? 0 : 0.5,
    probability: 0.5,
    parts: [],
    sentences: [],
    topics: [{ topic: TOPIC_CODES[0], label, score: label === 'neutral' ? 0 : 0.5 }],
    entities: [{ entity: 'city:nowhere', kind: 'place', start: 0, end: 3 }],
    explanation: null,
    model,
    topics_version: `${model}-topics`,
  });
  return { model, topicsVersion: `${model}-topics`, analyse: (texts) => texts.map(analysis) };
}

export const OLD = plainAnalyser('old-1');

const TEXTS = [
  'The new data center in Casablanca is great and brings good jobs',
  'A terrible failure, the internet is slow and nobody answers',
  'The ministry published its report on data centers',
  'La connexion est excellente, bravo pour la fibre à Rabat',
  'Le service est nul et la facture trop chère',
];

/** Ingests `count` posts of three local months with an analyser, the old one by default. */
export async function storeOld(db: Db, count: number, analyser = OLD): Promise<void> {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' } as const;
  const events = Array.from({ length: count }, (_, i): CollectedEvent => {
    const published_at = new Date(Date.UTC(2026, 8 + (i % 3), 1 + (i % 23), i % 24, i % 60)).toISOString();
    return seen({ published_at, external_id: `old-${i}`, text: `${TEXTS[i % TEXTS.length]}, says reader ${i}.` });
  });
  for (let at = 0; at < events.length; at += 500) {
    await ingest({ ...ingestDeps(db), analyser }, origin, events.slice(at, at + 500), async () => undefined);
  }
}
