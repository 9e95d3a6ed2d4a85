/**
 * One event of an alert as it is sent: figures, sentences, excerpts, where to look. workers/alerts/act.ts composes it when
 * the event is written; from then on it is frozen. Pure.
 * Try it: npx vitest run --project unit tests/unit/alerts-message.test.ts
 */
import type {
  AlertMessage,
  AlertState,
  Evidence,
  Excerpt,
  Resolution,
  Segment,
  Severity,
  Signal,
} from '../contracts/alerts.ts';
import { type MessageType, tell } from './sentences.ts';

/** What a message says of its alert. */
export interface AlertHead {
  /** 0 when there is none: a test, or data that are missing. */
  id: number;
  dedupKey: string;
  state: AlertState;
  severity: Severity;
  /** For events without evidence. */
  signal?: Signal | null;
  resolution?: Resolution | null;
  rule: AlertMessage['rule'];
}

export interface MessageInput {
  alert: AlertHead;
  type: MessageType;
  seq: number;
  evidence: Evidence | null;
  after: AlertMessage['after'];
  excerpts: Excerpt[];
  also: AlertMessage['also'];
  /** Of the installation, as https://sada.example; null while it does not know it. */
  address: string | null;
  at: Date;
  /** Minutes east of UTC where the message is read, at the start of the alert; UTC by default. */
  offsetMinutes?: number;
}

/**
 * Most bytes of a message as JSON. Standard Webhooks asks for bodies under 20 kB; the rest is for their envelope and for
 * characters that other channels escape.
 */
export const MESSAGE_BYTES = 18_000;

/** Composes the message. It fits MESSAGE_BYTES always: excerpts are shortened first, the chart goes last. */
export function composeMessage(input: MessageInput): AlertMessage {
  const { alert, type, seq, evidence, after, excerpts, also, address, at } = input;
  const { title, sentence } = tell({
    type,
    rule: alert.rule.name,
    signal: alert.signal ?? null,
    resolution: alert.resolution ?? null,
    evidence,
    after,
    offsetMinutes: input.offsetMinutes ?? 0,
  });
  return shrinkToFit({
    event_id: `${alert.dedupKey}-${seq}`,
    dedup_key: alert.dedupKey,
    alert_id: alert.id,
    seq,
    type,
    at: at.toISOString(),
    rule: alert.rule,
    severity: alert.severity,
    state: alert.state,
    title,
    sentence,
    evidence,
    after,
    excerpts,
    also,
    url: address === null ? null : toUrl(address, evidence),
  });
}

function toUrl(address: string, evidence: Evidence | null): string {
  return `${address.replace(/\/+$/, '')}/${evidence && evidence.view !== '' ? `?${evidence.view}` : ''}`;
}

/** A text of somebody else in one line: no control characters, cut after a word. */
export function toExcerpt(text: string, most = 280): string {
  const line = text
    .replace(/[\p{Cc}\u2028\u2029\s]+/gu, ' ')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .trim();
  if (line.length <= most) return line;
  const head = line.slice(0, most - 1);
  const space = head.lastIndexOf(' ');
  // A text without spaces is cut anywhere, but not inside a character of two units.
  const cut = space > most / 2 ? head.slice(0, space) : head.replace(/[\ud800-\udbff]$/, '');
  return `${cut.trimEnd()}…`;
}

type Shrink = (message: AlertMessage) => AlertMessage;

const shorterExcerpts =
  (most: number): Shrink =>
  (message) => ({
    ...message,
    excerpts: message.excerpts.map((excerpt) => ({
      ...excerpt,
      text: toExcerpt(excerpt.text, most),
      url: excerpt.url !== null && excerpt.url.length > 300 ? null : excerpt.url,
    })),
  });
const fewerExcerpts =
  (most: number): Shrink =>
  (message) => ({ ...message, excerpts: message.excerpts.slice(0, most) });
const withEvidence =
  (change: (evidence: Evidence) => Partial<Evidence>): Shrink =>
  (message) => ({ ...message, evidence: message.evidence && { ...message.evidence, ...change(message.evidence) } });

/** What is given up, in this order, until the message fits. The last ones are for inputs of absurd size. */
const SHRINK: readonly Shrink[] = [
  shorterExcerpts(160),
  shorterExcerpts(80),
  (message) => ({ ...message, also: message.also.slice(0, 20), rule: { ...message.rule, labels: cutLabels(message) } }),
  withEvidence(({ segments }) => ({ segments: fewerSegments(segments, 4) })),
  fewerExcerpts(2),
  withEvidence(({ segments, drivers, terms }) => ({
    segments: fewerSegments(segments, 2),
    drivers: drivers.slice(0, 2),
    terms: terms.slice(0, 3),
  })),
  fewerExcerpts(0),
  withEvidence(({ chart }) => ({ chart: chart.slice(-24) })),
  (message) => ({ ...message, also: [], rule: { ...message.rule, labels: {} } }),
  withEvidence(() => ({ segments: [], drivers: [], terms: [], view: '', chart: [] })),
  (message) => ({ ...message, url: null }),
];

function shrinkToFit(message: AlertMessage): AlertMessage {
  let fitting = message;
  for (const shrink of SHRINK) {
    if (bytesOf(fitting) <= MESSAGE_BYTES) break;
    fitting = shrink(fitting);
  }
  return fitting;
}

const bytesOf = (message: AlertMessage) => Buffer.byteLength(JSON.stringify(message));

function cutLabels({ rule }: AlertMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(rule.labels)
      .slice(0, 10)
      .map(([name, value]) => [name, value.slice(0, 60)]),
  );
}

/** The first segments of each dimension; the others are added up, so that the sum stays what it was. */
function fewerSegments(segments: readonly Segment[], most: number): Segment[] {
  return (['topic', 'source', 'language'] as const).flatMap((dimension) => {
    const all = segments.filter((segment) => segment.dimension === dimension);
    if (all.length <= most) return all;
    const own = all.filter(({ value }) => value !== 'other').slice(0, most - 1);
    const rest = all.filter((segment) => !own.includes(segment));
    return [...own, addUp(dimension, rest)];
  });
}

function addUp(dimension: Segment['dimension'], rest: readonly Segment[]): Segment {
  const sum = (of: (segment: Segment) => number | null) =>
    rest.reduce((total, segment) => total + (of(segment) ?? 0), 0);
  const [before, now] = [sum((segment) => segment.posts_before), sum((segment) => segment.posts_now)];
  const mean = (posts: number, of: (segment: Segment) => number) => (posts > 0 ? sum(of) / posts : null);
  return {
    dimension,
    value: 'other',
    name: 'other',
    posts_before: before,
    posts_now: now,
    net_before: mean(before, (segment) => (segment.net_before ?? 0) * segment.posts_before),
    net_now: mean(now, (segment) => (segment.net_now ?? 0) * segment.posts_now),
    within: sum((segment) => segment.within),
    mix: sum((segment) => segment.mix),
  };
}
