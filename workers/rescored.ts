/**
 * What a new analysis makes of a stored post, and what changed by it. Pure; workers/rescore.ts calls it.
 * Try it: tests/unit/rescored.test.ts.
 */
import type { Analysis } from '../shared/contracts/analysis.ts';
import type { PostRow, TopicRow } from '../shared/store/posts.ts';
import type { Tally } from '../shared/store/rescores.ts';
import { toAnalysed } from './prepare.ts';

/** A tally of nothing. */
export const NOTHING: Tally = { seen: 0, changed: 0, topics_changed: 0, labels: {} };

/** The post with its new analysis. People's labels stay, also those of topics that the model does not find. */
export function withAnalysis(before: PostRow, analysis: Analysis, topicIds?: ReadonlyMap<string, number>): PostRow {
  const analysed = toAnalysed(analysis, topicIds);
  const human = new Map(
    before.topics.flatMap(({ topic, human_label }): [number, TopicRow['human_label']][] =>
      human_label === null ? [] : [[topic, human_label]],
    ),
  );
  const found = analysed.topics.map((row) => ({ ...row, human_label: human.get(row.topic) ?? null }));
  const missing = [...human].filter(([topic]) => found.every((row) => row.topic !== topic));
  const kept = missing.map(
    ([topic, human_label]): TopicRow => ({ topic, model_label: 'not_scored', human_label, model_score: null }),
  );
  return { ...before, ...analysed, topics: [...found, ...kept] };
}

const labelOf = (row: Pick<TopicRow, 'human_label' | 'model_label'>) => row.human_label ?? row.model_label;
const topicsOf = ({ topics }: PostRow) =>
  topics
    .map((row) => `${row.topic} ${labelOf(row)}`)
    .toSorted()
    .join();

/** What changed of one post, as charts show it: a person's label hides what the model says. */
export function difference(before: PostRow, after: PostRow): Tally {
  const [from, to] = [labelOf(before), labelOf(after)];
  return {
    seen: 1,
    changed: from === to ? 0 : 1,
    topics_changed: topicsOf(before) === topicsOf(after) ? 0 : 1,
    labels: from === to ? {} : { [`${from}>${to}`]: 1 },
  };
}

/** Adds two tallies up. */
export function addTally(a: Tally, b: Tally): Tally {
  const labels = { ...a.labels };
  for (const [change, n] of Object.entries(b.labels)) labels[change] = (labels[change] ?? 0) + n;
  return {
    seen: a.seen + b.seen,
    changed: a.changed + b.changed,
    topics_changed: a.topics_changed + b.topics_changed,
    labels,
  };
}
