/**
 * The words of alerts, shared by tables, detectors, evidence, messages and routes: what a rule may say, what a detector
 * finds, what an alert carries. shared/alerts/ computes with them, workers/alerts/ acts on them, api/routes/ serves them.
 */
import { z } from 'zod';
import { FilterBody } from './api/common.ts';
import { Label } from './words.ts';

/** `net`: net sentiment; `posts`, `negative_posts`: how many an hour; `terms`: words that come up. */
export const AlertMetric = z.enum(['net', 'posts', 'negative_posts', 'terms']);
export type AlertMetric = z.infer<typeof AlertMetric>;

/** Which way a net-sentiment rule looks. The other metrics look up only. */
export const Direction = z.enum(['down', 'up', 'both']);
export type Direction = z.infer<typeof Direction>;

export const Sensitivity = z.enum(['sensitive', 'normal', 'quiet']);
export type Sensitivity = z.infer<typeof Sensitivity>;

export const Severity = z.enum(['info', 'warning', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** What went off: a rule of direction `both` has two signals, each with an alert of its own. */
export const Signal = z.enum(['net_down', 'net_up', 'posts', 'negative_posts', 'term']);
export type Signal = z.infer<typeof Signal>;

export const AlertState = z.enum(['firing', 'recovering', 'resolved']);
export type AlertState = z.infer<typeof AlertState>;

/**
 * `recovered`: back inside the usual range. `rebased`: three days outside, the new level is accepted as normal.
 * `closed`: by a person. `rule_changed`: the rule that raised it looks at something else now, or is gone. `revised`: the
 * figures have changed since, and by the present ones it would not have fired.
 */
export const Resolution = z.enum(['recovered', 'rebased', 'closed', 'rule_changed', 'revised']);
export type Resolution = z.infer<typeof Resolution>;

export const RuleMode = z.enum(['live', 'shadow', 'paused']);
export type RuleMode = z.infer<typeof RuleMode>;

export const Verdict = z.enum(['useful', 'noise']);
export type Verdict = z.infer<typeof Verdict>;

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day, as 22:00');

/** Local hours in which messages wait, unless critical. An end before the start means the next morning. */
export const QuietHours = z.strictObject({
  from: TimeOfDay,
  to: TimeOfDay,
  /** 1 Monday … 7 Sunday: the days on which it starts. All by default. */
  days: z.array(z.int().min(1).max(7)).min(1).max(7).optional(),
});
export type QuietHours = z.infer<typeof QuietHours>;

export const EventType = z.enum([
  'fired',
  'escalated',
  'follow_up',
  'repeated',
  'joined',
  'recovering',
  'resolved',
  'rebased',
  'revised',
  'unacknowledged',
  'acknowledged',
  'snoozed',
  'note',
  'verdict',
  'no_data',
  'data_back',
]);
export type EventType = z.infer<typeof EventType>;

/** Everything that a person says of a rule. Defaults are those of a new rule. */
export const RuleBody = z.strictObject({
  name: z.string().trim().min(1).max(120),
  /** Any filter that the dashboard has; empty: all posts. Labels cannot be filtered: they are what is measured. */
  scope: FilterBody.omit({ label: true, 'label!': true }).default({}),
  metric: AlertMetric,
  direction: Direction.default('down'),
  sensitivity: Sensitivity.default('normal'),
  /** Collapsed posts since the start, at least, before it may fire. 15 by default; 5 for terms. */
  minimum_posts: z.int().min(1).max(100_000).optional(),
  cooldown_hours: z.int().min(1).max(720).default(24),
  quiet_hours: z.array(QuietHours).max(10).default([]),
  /** Of the quiet hours; the reporting zone by default. */
  zone: z.string().min(1).max(64).optional(),
  /** Sizes from which an alert is of this severity: change of net sentiment, or times the expected count. */
  severity: z
    .strictObject({
      info: z.number().positive().max(1_000).optional(),
      warning: z.number().positive().max(1_000).optional(),
      critical: z.number().positive().max(1_000).optional(),
    })
    .default({}),
  /** Who is told when nobody acknowledged in time. */
  escalation: z
    .strictObject({
      after_minutes: z.int().min(5).max(10_080),
      channels: z.array(z.int().min(1)).min(1).max(10),
    })
    .nullable()
    .default(null),
  channels: z.array(z.int().min(1)).max(20).default([]),
  owner: z.string().trim().max(200).default(''),
  runbook_url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .nullable()
    .default(null),
  labels: z.record(z.string().min(1).max(40), z.string().max(200)).default({}),
  mode: RuleMode.default('live'),
});
export type RuleBody = z.infer<typeof RuleBody>;

/** What the detectors are given: follows from the rule and from the budgets of its channels (shared/alerts/parameters.ts). */
export const RuleParameters = z.object({
  metric: AlertMetric,
  signals: z.array(Signal),
  /** net: hours of evidence, M ≥ this; counts and terms: −log10 of the chance, ≥ this. */
  alert_at: z.number().positive(),
  /** Width of the usual range in standard deviations of the wander; net only. */
  band: z.number().positive(),
  minimum_posts: z.int().positive(),
  cooldown_hours: z.int().positive(),
  severity: z.object({ info: z.number(), warning: z.number(), critical: z.number() }),
});
export type RuleParameters = z.infer<typeof RuleParameters>;

const share = z.number().min(-1).max(1);
const count = z.int().min(0);

/** How one value of a dimension moved the whole. Sums of `within` and `mix` over all values give the whole change. */
export const Segment = z.object({
  dimension: z.enum(['topic', 'source', 'language']),
  /** Code, id or language; `none` for posts without a topic, `other` for what is not listed. */
  value: z.string(),
  name: z.string(),
  /** By language, where the name has translations. */
  names: z.record(z.string(), z.string()).optional(),
  posts_before: z.number(),
  posts_now: z.number(),
  net_before: share.nullable(),
  net_now: share.nullable(),
  /** Part of the change because its own posts changed. */
  within: z.number(),
  /** Part of the change because there are more or fewer of its posts. */
  mix: z.number(),
});
export type Segment = z.infer<typeof Segment>;

/** A thread or author, and what the figure would be without it. */
export const Driver = z.object({
  kind: z.enum(['thread', 'author']),
  /** The thread's id or the author's pseudonym. */
  key: z.string(),
  posts: count,
  net: share.nullable(),
  /** `now` without it, in the unit of `now`; null when nothing is left. */
  without: z.number().nullable(),
  /** The post to open, if one is stored. */
  post_id: z.string().nullable(),
});
export type Driver = z.infer<typeof Driver>;

export const TermFinding = z.object({
  term: z.string(),
  /** Posts that hold it, of at most 400 that are looked at (5,000 for an alert on a term). */
  posts: count,
  /** Standard deviations by which it is commoner than before (log-odds); of an alert on a term, its statistic. */
  score: z.number(),
});
export type TermFinding = z.infer<typeof TermFinding>;

/** What an alert carries, frozen when it fires. Figures, ids and single terms; never the text of a post. */
export const Evidence = z.object({
  signal: Signal,
  metric: AlertMetric,
  /** End of the hour that raised it, and the estimated start; UTC. */
  fired_at: z.iso.datetime(),
  started_at: z.iso.datetime(),
  hours: count,
  /** net: in [−1, 1]; counts: posts an hour. */
  before: z.number(),
  now: z.number(),
  /** Interval of `now`: 3.04 standard errors for net, since one looks at the moment of an alarm. */
  low: z.number(),
  high: z.number(),
  /** Posts since the start: all, and with equal texts put together. */
  posts: count,
  distinct_posts: count,
  authors: count,
  threads: count,
  /** net: evidence M in hours; counts, terms: −log10 of the chance. */
  statistic: z.number(),
  /** How rare by chance. `days` null: the rule's own history says how often. */
  chance: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('once_in'), days: z.number() }),
    z.object({ kind: z.literal('rarer_than'), days: z.number() }),
    z.object({ kind: z.literal('own_history'), times: count, weeks: z.number() }),
    z.object({ kind: z.literal('unknown') }),
  ]),
  severity: Severity,
  /** `now − before`, split. Empty for terms. */
  segments: z.array(Segment),
  drivers: z.array(Driver),
  /** Without its biggest thread (author), the figure would be inside the usual range. */
  driven_by_one: z.enum(['thread', 'author']).nullable(),
  terms: z.array(TermFinding),
  /** Ids of telling posts. */
  examples: z.object({ negative: z.array(z.string()), positive: z.array(z.string()) }),
  /** Share of the posts since the start whose label has a probability below 0.6. */
  unsure: z.number().min(0).max(1).nullable(),
  /** The last 72 hours: UTC start, mean or count, baseline, half width of the usual range. */
  chart: z.array(
    z.object({
      hour: z.iso.datetime(),
      value: z.number().nullable(),
      baseline: z.number(),
      band: z.number(),
      n: count,
    }),
  ),
  /** The frozen view: query of the dashboard, without the address of the installation. */
  view: z.string(),
  model: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

/** An excerpt in a message. Kept in the outbox until it is sent. */
export const Excerpt = z.object({
  post_id: z.string(),
  label: Label,
  text: z.string().max(300),
  url: z.string().nullable(),
  source: z.string(),
});
export type Excerpt = z.infer<typeof Excerpt>;

export const MESSAGE_LANGUAGES = ['fr', 'ar', 'en'] as const;
export const MessageLanguage = z.enum(MESSAGE_LANGUAGES);
export type MessageLanguage = z.infer<typeof MessageLanguage>;

/** What is sent: one event of an alert, in full, so that any channel can write it its own way. */
export const AlertMessage = z.object({
  /** The same at every attempt; receivers drop repeats by it. */
  event_id: z.string(),
  /** One thread of messages for one alert. */
  dedup_key: z.string(),
  alert_id: z.int(),
  seq: z.int(),
  /** `test`: of a channel that is tried; `undelivered`: another channel of the rule cannot be reached. */
  type: z.union([EventType, z.enum(['test', 'undelivered'])]),
  at: z.iso.datetime(),
  rule: z.object({
    id: z.int(),
    name: z.string(),
    version: z.int(),
    owner: z.string(),
    runbook_url: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
  }),
  severity: Severity,
  state: AlertState,
  /** One sentence and a title in each language; the channel's setting chooses. */
  title: z.record(MessageLanguage, z.string()),
  sentence: z.record(MessageLanguage, z.string()),
  evidence: Evidence.nullable(),
  /** Unbiased figures of a follow-up, or of a resolution. */
  after: z.object({ now: z.number(), low: z.number(), high: z.number(), posts: count, hours: count }).nullable(),
  excerpts: z.array(Excerpt),
  /** Alerts of the same event that this message speaks for. */
  also: z.array(z.object({ alert_id: z.int(), rule: z.string(), signal: Signal })),
  /** Where to look, once the installation knows its own address. */
  url: z.string().nullable(),
});
export type AlertMessage = z.infer<typeof AlertMessage>;
