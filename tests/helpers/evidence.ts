/** Evidence of alerts for tests of sentences, messages and delivery. */
import type { Evidence } from '../../shared/contracts/alerts.ts';

export function someEvidence(overrides: Partial<Evidence> = {}): Evidence {
  return {
    signal: 'net_down',
    metric: 'net',
    fired_at: '2026-11-23T10:00:00.000Z',
    started_at: '2026-11-23T07:00:00.000Z',
    hours: 3,
    before: 0.15,
    now: -0.196,
    low: -0.31,
    high: -0.08,
    posts: 440,
    distinct_posts: 402,
    authors: 317,
    threads: 120,
    statistic: 913.2,
    chance: { kind: 'once_in', days: 30 },
    severity: 'warning',
    segments: [
      {
        dimension: 'topic',
        value: 'water',
        name: 'Water',
        posts_before: 200,
        posts_now: 260,
        net_before: 0.05,
        net_now: -0.5,
        within: -0.198,
        mix: -0.0646,
      },
    ],
    drivers: [{ kind: 'thread', key: 't1', posts: 90, net: -0.8, without: -0.05, post_id: '17' }],
    driven_by_one: null,
    terms: [{ term: 'coupure', posts: 41, score: 6.1 }],
    examples: { negative: ['17'], positive: [] },
    unsure: 0.1,
    chart: [{ hour: '2026-11-23T09:00:00.000Z', value: -0.2, baseline: 0.14, band: 0.08, n: 150 }],
    view: 'topic=water',
    model: 'test-1',
    ...overrides,
  };
}

/** +0.11 to −0.08 within seven hours: what the sentences are read with. */
export const SEVEN_HOURS = {
  fired_at: '2026-11-23T13:00:00.000Z',
  started_at: '2026-11-23T06:00:00.000Z',
  hours: 7,
  before: 0.1123,
  now: -0.0781,
  low: -0.1912,
  high: 0.0321,
  posts: 560,
  distinct_posts: 499,
  authors: 212,
  threads: 80,
  statistic: 887,
  chance: { kind: 'once_in', days: 36 },
  severity: 'info',
} as const satisfies Partial<Evidence>;
