/**
 * Counts: the one way to read numbers of posts, for series, breakdowns, totals and queries alike, so that they agree to
 * the unit. Sums come from the rollups, or from the posts where several topics would count a post twice.
 */

import type { z } from 'zod';
import type { Dimension, FilterBody, Measures } from '../contracts/api/common.ts';
import { netSentiment } from '../contracts/net.ts';
import type { Label, PostKind } from '../contracts/words.ts';
import { type CellPlan, type Offset, planCells, type TimeRange, wholeMonths } from './buckets.ts';
import { many, type Queryable } from './db.ts';
import { topicCodes } from './topics.ts';

export interface Choice<T> {
  /** Any of these; empty: all. */
  is: readonly T[];
  /** None of these. */
  not: readonly T[];
}

export interface Filters {
  /** Ids; 0, the post itself, is none of them. */
  topic: Choice<number>;
  language: Choice<string>;
  source: Choice<number>;
  kind: Choice<PostKind>;
  label: Choice<Label>;
}

/**
 * Filters out of their ten names, as query parameters, bodies and scopes have them. A code that `topicIds` does not have
 * becomes 0, which no post has.
 */
export function toFilters(given: z.infer<typeof FilterBody>, topicIds: ReadonlyMap<string, number>): Filters {
  const ids = (codes: readonly string[] = []) => codes.map((code) => topicIds.get(code) ?? 0);
  return {
    topic: { is: ids(given.topic), not: ids(given['topic!']) },
    language: { is: given.language ?? [], not: given['language!'] ?? [] },
    source: { is: given.source ?? [], not: given['source!'] ?? [] },
    kind: { is: given.kind ?? [], not: given['kind!'] ?? [] },
    label: { is: given.label ?? [], not: given['label!'] ?? [] },
  };
}

/** Sums of one bucket (position from 1) and one value of each dimension. */
export interface Cell {
  bucket: number;
  /** Values of the dimensions asked for, in their order. */
  keys: string[];
  n: number;
  scored: number;
  positive: number;
  neutral: number;
  negative: number;
  score_sum: number;
}

type Row = Omit<Cell, 'keys'> & { k0?: string | number; k1?: string | number } & Record<string, unknown>;

/** Several topics, or all but one, would count a post of two topics twice: those are counted from the posts. */
export function countsFromPosts(filters: Filters): boolean {
  return filters.topic.is.length > 1 || filters.topic.not.length > 0;
}

export interface CellQuery {
  buckets: readonly TimeRange[];
  offsets: readonly Offset[];
  /** Buckets of a day or more may be read from the sums of days. */
  useDays: boolean;
  filters: Filters;
  by: readonly Dimension[];
}

/** Reads the sums. Cells without posts are left out; labels are filtered and split here, since sums have them apart. */
export async function readCells(db: Queryable, query: CellQuery): Promise<Cell[]> {
  const plan = planCells(query.buckets, query.offsets, query.useDays && !countsFromPosts(query.filters));
  const columns = query.by.filter((dimension) => dimension !== 'label');
  const { text, values } = countsFromPosts(query.filters)
    ? fromPosts(query.filters, columns, plan)
    : fromRollups(query.filters, columns, plan);
  const rows = await many<Row>(db, text, values);
  const labels = chosenLabels(query.filters.label);
  const codes = columns.includes('topic') ? await topicCodes(db) : new Map<number, string>();
  return rows.flatMap((row) => splitLabels(row, columns, query.by, labels, codes)).filter((cell) => cell.n > 0);
}

const COLUMN = { topic: 'topic', language: 'language', source: 'source_id', kind: 'kind' } as const;
const COUNTS = ['n', 'scored', 'positive', 'neutral', 'negative', 'score_sum'] as const;
type Column = keyof typeof COLUMN;

/** Collects the values of a statement and names their places. */
export function placeholders(): { values: unknown[]; add: (value: unknown) => string } {
  const values: unknown[] = [];
  return { values, add: (value) => `$${values.push(value)}` };
}

/** Conditions on language, source and kind of rows aliased `alias`. */
export function conditions(filters: Filters, alias: string, add: (value: unknown) => string): string {
  const parts = [
    choice(`${alias}.language`, 'text', filters.language, add),
    choice(`${alias}.source_id`, 'integer', filters.source, add),
    choice(`${alias}.kind`, 'post_kind', filters.kind, add),
  ];
  return parts
    .flat()
    .map((part) => ` and ${part}`)
    .join('');
}

function choice(column: string, type: string, { is, not }: Choice<unknown>, add: (value: unknown) => string): string[] {
  return [
    ...(is.length > 0 ? [`${column} = any(${add(is)}::${type}[])`] : []),
    ...(not.length > 0 ? [`${column} <> all(${add(not)}::${type}[])`] : []),
  ];
}

function fromRollups(filters: Filters, by: readonly Column[], plan: CellPlan) {
  const { values, add } = placeholders();
  const [only] = filters.topic.is;
  const topic = only !== undefined ? `r.topic = ${Number(only)}` : by.includes('topic') ? 'r.topic > 0' : 'r.topic = 0';
  const where = `${topic}${conditions(filters, 'r', add)}`;
  const columns = [...by.map((dimension) => `r.${COLUMN[dimension]}`), ...COUNTS.map((count) => `r.${count}`)].join(
    ', ',
  );
  const parts: string[] = [];
  if (plan.hours.length > 0) {
    const ranges = plan.hours.map(({ from, to }) => `r.hour >= ${add(from)} and r.hour < ${add(to)}`);
    parts.push(`select width_bucket(r.hour, ${add(plan.starts)}::timestamptz[]) as bucket, ${columns}
      from rollup_hour r where ${where} and (${ranges.join(' or ')})`);
  }
  const { months, days } = plan.starts.length === 1 ? wholeMonths(plan.days) : { months: [], days: plan.days };
  if (months.length > 0) {
    parts.push(
      `select 1 as bucket, ${columns} from rollup_month r where ${where} and r.month = any(${add(months)}::date[])`,
    );
  }
  if (days.length > 0) {
    const ranges = days.map(({ from, to }) => `r.day between ${add(from)} and ${add(to)}`);
    parts.push(`select (${add(plan.dayBuckets)}::int[])[width_bucket(r.day, ${add(plan.firstDays)}::date[])] as bucket, ${columns}
      from rollup_day r where ${where} and (${ranges.join(' or ')})`);
  }
  const keys = by.map((dimension, index) => `${COLUMN[dimension]} as k${index}`);
  const sums = COUNTS.map((count) => `sum(${count})::bigint as ${count}`);
  const groups = ['bucket', ...by.map((dimension) => COLUMN[dimension])].join(', ');
  return {
    text: `select ${['bucket', ...keys, ...sums].join(', ')} from (${parts.join(' union all ')}) c group by ${groups}`,
    values,
  };
}

/** Conditions that a post's topics meet the filter, for rows aliased `p`, within a range whose bounds are given as places. */
export function topicConditions(filters: Filters, from: string, to: string, add: (value: unknown) => string): string {
  const topics = (
    ids: Filters['topic']['is'],
  ) => `exists (select 1 from post_topics x where x.published_at = p.published_at
    and x.post_id = p.post_id and x.published_at >= ${from} and x.published_at < ${to} and x.topic = any(${add(ids)}::smallint[]))`;
  const { is, not } = filters.topic;
  return `${is.length > 0 ? ` and ${topics(is)}` : ''}${not.length > 0 ? ` and not ${topics(not)}` : ''}`;
}

function fromPosts(filters: Filters, by: readonly Column[], plan: CellPlan) {
  const { values, add } = placeholders();
  const from = add(plan.hours[0]?.from);
  const to = add(plan.hours.at(-1)?.to);
  const byTopic = by.includes('topic');
  const row = byTopic ? 't' : 'p';
  const column = (dimension: Column) => (dimension === 'topic' ? 't.topic' : `p.${COLUMN[dimension]}`);
  const join = byTopic ? joinTopics(filters, from, to, add) : '';
  const text = `
    select width_bucket(p.published_at, ${add(plan.starts)}::timestamptz[]) as bucket,
      ${by.map((dimension, index) => `${column(dimension)} as k${index}, `).join('')}count(*) as n,
      count(*) filter (where ${row}.label <> 'not_scored') as scored,
      count(*) filter (where ${row}.label = 'positive') as positive,
      count(*) filter (where ${row}.label = 'neutral') as neutral,
      count(*) filter (where ${row}.label = 'negative') as negative,
      coalesce(sum(round(${row}.score * 1e4)) filter (where ${row}.label <> 'not_scored'), 0)::bigint as score_sum
    from posts p ${join}
    where p.published_at >= ${from} and p.published_at < ${to} and p.excluded_at is null
      ${conditions(filters, 'p', add)}${topicConditions(filters, from, to, add)}
    group by ${['1', ...by.map((_, index) => index + 2)].join(', ')}`;
  return { text, values };
}

function joinTopics({ topic }: Filters, from: string, to: string, add: (value: unknown) => string): string {
  const only = topic.is.length > 0 ? ` and t.topic = any(${add(topic.is)}::smallint[])` : '';
  return `join post_topics t on t.published_at = p.published_at and t.post_id = p.post_id
    and t.published_at >= ${from} and t.published_at < ${to}${only}`;
}

const LABELS = ['negative', 'neutral', 'positive', 'not_scored'] as const satisfies readonly Label[];

function chosenLabels({ is, not }: Choice<Label>): readonly Label[] {
  return LABELS.filter((label) => (is.length === 0 || is.includes(label)) && !not.includes(label));
}

function splitLabels(
  row: Row,
  columns: readonly Column[],
  by: readonly Dimension[],
  labels: readonly Label[],
  codes: ReadonlyMap<number, string>,
): Cell[] {
  const value = (dimension: Column) => {
    const key = columns.indexOf(dimension) === 0 ? row.k0 : row.k1;
    return dimension === 'topic' ? (codes.get(Number(key)) ?? `topic_${key}`) : String(key);
  };
  const keys = (label: Label | undefined) =>
    by.map((dimension) => (dimension === 'label' ? (label ?? '') : value(dimension)));
  if (by.includes('label')) return labels.map((label) => withLabels(row, [label], keys(label)));
  return [withLabels(row, labels, keys(undefined))];
}

function withLabels(row: Row, labels: readonly Label[], keys: string[]): Cell {
  const of = (label: Label) => {
    if (!labels.includes(label)) return 0;
    return label === 'not_scored' ? row.n - row.scored : row[label];
  };
  const [positive, neutral, negative] = [of('positive'), of('neutral'), of('negative')];
  const scored = positive + neutral + negative;
  const whole = ['positive', 'neutral', 'negative'].every((label) => labels.includes(label as Label));
  // Sums keep the score of all labels together: of some of them, it is not known.
  const score_sum = whole ? row.score_sum : Number.NaN;
  return { bucket: row.bucket, keys, n: scored + of('not_scored'), scored, positive, neutral, negative, score_sum };
}

const NONE = { n: 0, scored: 0, positive: 0, neutral: 0, negative: 0, score_sum: 0 };

/** Adds cells up. */
export function sumCells(cells: readonly Omit<Cell, 'bucket' | 'keys'>[]): Omit<Cell, 'bucket' | 'keys'> {
  return cells.reduce<Omit<Cell, 'bucket' | 'keys'>>(
    (total, cell) => ({
      n: total.n + cell.n,
      scored: total.scored + cell.scored,
      positive: total.positive + cell.positive,
      neutral: total.neutral + cell.neutral,
      negative: total.negative + cell.negative,
      score_sum: total.score_sum + cell.score_sum,
    }),
    NONE,
  );
}

/** Six decimals: beyond, digits are noise. */
const round = (value: number) => Math.round(value * 1e6) / 1e6 + 0;

/** What the API says of a sum of cells. */
export function toMeasures(cells: readonly Omit<Cell, 'bucket' | 'keys'>[]): Measures {
  const sum = sumCells(cells);
  const net = netSentiment(sum);
  const mean = sum.scored > 0 && Number.isFinite(sum.score_sum) ? round(sum.score_sum / 1e4 / sum.scored) : null;
  return {
    n: sum.n,
    scored: sum.scored,
    positive: sum.positive,
    neutral: sum.neutral,
    negative: sum.negative,
    not_scored: sum.n - sum.scored,
    net: net && round(net.net),
    ci_low: net && round(net.low),
    ci_high: net && round(net.high),
    mean_score: mean,
    coverage: sum.n > 0 ? round(sum.scored / sum.n) : null,
  };
}
