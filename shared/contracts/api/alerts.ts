/** Contract of /v1/alerts and /v1/silences: what was raised, what people did about it, what is not told. */
import { z } from 'zod';
import {
  AlertMetric,
  AlertState,
  EventType,
  Evidence,
  MessageLanguage,
  Resolution,
  Severity,
  Signal,
  Verdict,
} from '../alerts.ts';
import { ShownDelivery } from './channels.ts';
import { formatParameter } from './common.ts';

const Instant = z.iso.datetime({ offset: true });
const Id = z.coerce.number().int().min(1).max(2_147_483_647);

/** A comma-separated list in a query parameter. */
function listOf<T>(item: z.ZodType<T>, help: string) {
  return z
    .preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(item).min(1).max(20))
    .optional()
    .meta({ description: `${help}; several separated by commas`, type: 'string' });
}

const Moment = (help: string) =>
  z
    .string()
    .transform((value) => value.replace(/ (?=\d\d:\d\d$)/, '+'))
    .pipe(Instant)
    .optional()
    .meta({ description: help, type: 'string', format: 'date-time' });
const Flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const PageSize = z.coerce.number().int().min(1).max(100).default(20);
export const Cursor = z.string().max(500).optional().meta({ description: 'next_cursor of the page before' });

export const AlertsQuery = z.strictObject({
  state: listOf(AlertState, 'States'),
  rule: Id.optional(),
  signal: listOf(Signal, 'Signals'),
  severity: listOf(Severity, 'Severities'),
  mode: z.enum(['live', 'shadow']).optional(),
  sample: Flag.optional().meta({ description: 'Only those of the sample, or only the others', type: 'boolean' }),
  from: Moment('Fired at or after this instant'),
  to: Moment('Fired before this instant'),
  limit: PageSize.meta({ description: 'Of a JSON page; CSV and NDJSON give all, up to 10,000' }),
  cursor: Cursor,
  format: formatParameter,
});
export type AlertsQuery = z.infer<typeof AlertsQuery>;

const inEachLanguage = z.record(MessageLanguage, z.string());

const summary = {
  id: z.int(),
  version: z.int().meta({ description: 'Send it as If-Match: "3" with what you do about it' }),
  rule: z.object({ id: z.int(), name: z.string(), version: z.int(), deleted: z.boolean() }),
  scope: z.int(),
  signal: Signal,
  metric: AlertMetric,
  state: AlertState,
  severity: Severity,
  mode: z.enum(['live', 'shadow']),
  sample: z.boolean(),
  started_at: Instant.meta({ description: 'Estimated' }),
  fired_at: Instant.meta({ description: 'End of the hour that raised it' }),
  recovering_at: Instant.nullable(),
  resolved_at: Instant.nullable(),
  resolution: Resolution.nullable(),
  before: z.number(),
  now: z.number(),
  low: z.number().meta({ description: 'Of now: 3.04 standard errors for net sentiment' }),
  high: z.number(),
  posts: z.int().meta({ description: 'Since the start, as /v1/posts counts them' }),
  distinct_posts: z.int().meta({ description: 'Scored, equal texts once an hour' }),
  authors: z.int(),
  title: inEachLanguage,
  sentence: inEachLanguage.meta({ description: 'What happened, in French, Arabic and English' }),
  parent: z.int().nullable().meta({ description: 'The alert whose messages speak for this one too' }),
  acknowledged_at: Instant.nullable(),
  acknowledged_by: z.string().nullable(),
  snoozed_until: Instant.nullable(),
  verdict: Verdict.nullable(),
  verdict_by: z.string().nullable(),
  created_at: Instant,
};
export const AlertSummary = z.object(summary).meta({ id: 'AlertSummary' });
export type AlertSummary = z.infer<typeof AlertSummary>;
export const AlertPage = z
  .object({ next_cursor: z.string().nullable(), alerts: z.array(AlertSummary) })
  .meta({ id: 'AlertPage' });

export const Alert = z
  .object({
    ...summary,
    dedup_key: z.string(),
    evidence: Evidence.meta({
      description:
        'Frozen when it fired. For a key without read:posts, without ids of posts, threads and authors: those are empty',
    }),
    events: z.array(
      z.object({
        seq: z.int(),
        type: EventType,
        hour: Instant.nullable(),
        body: z.record(z.string(), z.unknown()),
        by: z.string().nullable().meta({ description: 'null: Sada' }),
        at: Instant,
      }),
    ),
    deliveries: z.array(ShownDelivery),
    speaks_for: z.array(z.int()).meta({ description: 'Open alerts of the same event' }),
    silenced_by: z.int().nullable(),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;

const Note = z.string().trim().min(1).max(2_000);
export const NoteBody = z.strictObject({ note: Note });
export const OptionalNoteBody = z.strictObject({ note: Note.optional() }).meta({ description: '{} will do' });
export const SnoozeBody = z.strictObject({ until: Instant });
export const VerdictBody = z.strictObject({ verdict: Verdict });

// ---------------------------------------------------------------- silences

const ids = z.array(z.int().min(1).max(2_147_483_647)).min(1).max(100).optional();
export const MatcherBody = z
  .strictObject({
    rules: ids,
    scopes: ids,
    signals: z.array(Signal).min(1).max(10).optional(),
    severities: z.array(Severity).min(1).max(3).optional(),
  })
  .refine((matcher) => Object.values(matcher).some(Boolean), 'name at least one of rules, scopes, signals, severities')
  .meta({ id: 'SilenceMatcher', description: 'All that are named must fit' });

export const NewSilenceBody = z
  .strictObject({
    matcher: MatcherBody,
    starts_at: Instant.optional().meta({ description: 'Now by default' }),
    ends_at: Instant,
    reason: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'NewSilence' });

export const Silence = z
  .object({
    id: z.int(),
    version: z.int(),
    state: z.enum(['planned', 'active', 'ended']),
    matcher: z.object({
      rules: z.array(z.int()).optional(),
      scopes: z.array(z.int()).optional(),
      signals: z.array(Signal).optional(),
      severities: z.array(Severity).optional(),
    }),
    starts_at: Instant,
    ends_at: Instant,
    reason: z.string(),
    created_by: z.string(),
    created_at: Instant,
    ended_by: z.string().nullable().meta({ description: 'Who ended it before its time' }),
  })
  .meta({ id: 'Silence' });
export type Silence = z.infer<typeof Silence>;
export const SilencesQuery = z.strictObject({
  state: z.enum(['open', 'all']).default('all').meta({ description: 'open: not ended yet' }),
  limit: PageSize,
  cursor: Cursor,
});
export const SilencePage = z
  .object({ next_cursor: z.string().nullable(), silences: z.array(Silence) })
  .meta({ id: 'SilencePage' });
