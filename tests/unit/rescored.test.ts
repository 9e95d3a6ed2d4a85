/** What a new analysis makes of a stored post, and how the changes are counted and told. */
import { expect, test } from 'vitest';
import { describeTally } from '../../infra/commands/rescore.ts';
import { monthAt } from '../../shared/store/buckets.ts';
import { addTally, difference, NOTHING, withAnalysis } from '../../workers/rescored.ts';
import { aPostRow } from '../helpers/builders.ts';
import { plainAnalyser } from '../helpers/oldPosts.ts';

const topic = (id: number, model_label: 'neutral' | 'positive', human_label: 'negative' | null = null) => ({
  topic: id,
  model_label,
  human_label,
  model_score: model_label === 'neutral' ? 0 : 0.5,
});

function analysed(label: 'neutral' | 'positive') {
  const [analysis] = plainAnalyser('new-1', label).analyse([{ text: 'x' }]);
  if (!analysis) throw new Error('no analysis');
  return analysis;
}

test('a new analysis replaces what the model said and nothing else', () => {
  const before = aPostRow({ title: 'A title', thread: 't', revision: 3, vendor_sentiment: 'good', excluded_at: null });
  const after = withAnalysis(before, analysed('neutral'));
  expect(after).toEqual({
    ...before,
    model_label: 'neutral',
    model_score: 0,
    probability: 0.5,
    model: 'new-1',
    topics_version: 'new-1-topics',
    topics: [topic(1, 'neutral')],
    entities: [{ entity: 'city:nowhere', kind: 'place', start: 0, end: 3 }],
  });
});

test('labels of people stay: of the post, of a topic found again, and of one that the model does not find', () => {
  const before = aPostRow({
    human_label: 'negative',
    topics: [topic(1, 'positive', 'negative'), topic(2, 'positive'), topic(3, 'positive', 'negative')],
  });
  const after = withAnalysis(before, analysed('neutral'));
  expect(after.human_label).toBe('negative');
  expect(after.topics).toEqual([
    topic(1, 'neutral', 'negative'),
    { topic: 3, model_label: 'not_scored', human_label: 'negative', model_score: null },
  ]);
});

test.each([
  ['another label is a change', { model_label: 'positive' }, 1, { 'positive>neutral': 1 }],
  ['the same label is none', { model_label: 'neutral' }, 0, {}],
  ['a label that a person decided does not change', { model_label: 'positive', human_label: 'negative' }, 0, {}],
] as const)('%s', (_name, post, changed, labels) => {
  const before = aPostRow({ ...post, topics: [topic(1, 'neutral')] });
  expect(difference(before, withAnalysis(before, analysed('neutral')))).toEqual({
    seen: 1,
    changed,
    topics_changed: 0,
    labels,
  });
});

test.each([
  ['a topic more', []],
  ['a topic less', [topic(1, 'neutral'), topic(2, 'neutral')]],
  ['another label of a topic', [topic(1, 'positive')]],
])('%s is a change of topics', (_name, topics) => {
  const before = aPostRow({ model_label: 'neutral', topics });
  expect(difference(before, withAnalysis(before, analysed('neutral')))).toMatchObject({
    changed: 0,
    topics_changed: 1,
  });
});

test('tallies add up by kind of change', () => {
  const a = { seen: 2, changed: 1, topics_changed: 1, labels: { 'neutral>positive': 1 } };
  const b = { seen: 3, changed: 2, topics_changed: 0, labels: { 'neutral>positive': 1, 'positive>negative': 1 } };
  const sum = { seen: 5, changed: 3, topics_changed: 1, labels: { 'neutral>positive': 2, 'positive>negative': 1 } };
  expect(addTally(a, b)).toEqual(sum);
  expect(addTally(NOTHING, sum)).toEqual(sum);
  expect(NOTHING).toEqual({ seen: 0, changed: 0, topics_changed: 0, labels: {} });
});

test('the summary has the most frequent change first', () => {
  const labels = { 'neutral>positive': 2, 'not_scored>negative': 5 };
  expect(describeTally({ seen: 10, changed: 7, topics_changed: 1, labels })).toBe(
    '10 posts seen, 7 labels changed, 1 post with other topics\n  not_scored -> negative: 5\n  neutral -> positive: 2\n',
  );
});

test('a month is the local one: the hour before midnight UTC may belong to the next', () => {
  const offset = (minutes: number) => [{ from: new Date(0), to: new Date('2100-01-01T00:00:00Z'), minutes }];
  const at = Date.parse('2026-06-30T23:00:00Z');
  expect(monthAt(offset(60), at)).toBe('2026-07-01');
  expect(monthAt(offset(0), at)).toBe('2026-06-01');
});
