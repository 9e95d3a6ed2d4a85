/** Contract of /v1/alert-rules: what is watched, what that means, what it would have done and what it did. */
import { z } from 'zod';
import { AlertMetric, Evidence, RuleBody, RuleMode, RuleParameters, Sensitivity, Severity, Signal } from '../alerts.ts';
import { formatParameter, rangeParameters } from './common.ts';

const Instant = z.iso.datetime({ offset: true });
const Count = z.int().min(0);

/** How far the hours of a scope are counted. */
export const ScopeState = z
  .object({
    id: z.int(),
    state: z.enum(['filling', 'ready']),
    hours_from: Instant.nullable().meta({ description: 'Hours are counted from here on; null before the first' }),
    hours_to: Instant.nullable().meta({ description: 'End of the newest hour that is counted' }),
    filled: z.number().min(0).max(1).nullable().meta({ description: 'Share of the history that is counted' }),
  })
  .meta({ id: 'ScopeState' });
export type ScopeState = z.infer<typeof ScopeState>;

export const AlertRule = z
  .object({
    id: z.int(),
    version: z.int().meta({ description: 'Send it as If-Match: "3" to change or delete the rule' }),
    ...RuleBody.shape,
    parameters: RuleParameters.meta({ description: 'What the detectors are given: follows from the rule and budgets' }),
    sample: z.boolean().meta({ description: 'A rule over the sample: nobody is told' }),
    state: z.enum(['learning', 'watching', 'holding', 'paused', 'shadow']).meta({
      description: 'holding: data are missing, so that nothing fires and nothing is resolved',
    }),
    ready_at: Instant.nullable().meta({
      description: 'When it has seen enough to fire; null while nothing is counted',
    }),
    decided_until: Instant.nullable().meta({ description: 'End of the newest hour that it decided on' }),
    precision: z.number().min(0).max(1).nullable().meta({ description: 'useful / (useful + noise)' }),
    verdicts: z.object({ useful: Count, noise: Count }),
    scope_state: ScopeState.nullable(),
    created_at: Instant,
    updated_at: Instant,
  })
  .meta({ id: 'AlertRule' });
export type AlertRule = z.infer<typeof AlertRule>;
export const AlertRuleList = z.object({ rules: z.array(AlertRule) }).meta({ id: 'AlertRuleList' });

export const RuleBodyIn = RuleBody.meta({ id: 'AlertRuleBody', description: 'PUT replaces the whole rule' });

const Days = z.coerce
  .number()
  .int()
  .min(1)
  .max(400)
  .default(90)
  .meta({ description: 'Alerts of this many days; what came before is learned from' });
export const BacktestQuery = z.strictObject({ days: Days });
export type BacktestQuery = z.infer<typeof BacktestQuery>;
export const PreviewQuery = z.strictObject({
  days: Days,
  rule: z.coerce.number().int().min(1).max(2_147_483_647).optional().meta({
    description: 'The rule that the body would replace: it does not count against the budgets itself',
  }),
});

export const PastAlert = z
  .object({
    signal: Signal,
    severity: Severity,
    fired_at: Instant.meta({ description: 'End of the hour that would have raised it' }),
    started_at: Instant,
    ended_at: Instant.nullable(),
    ending: z.enum(['recovered', 'rebased']).nullable(),
    before: z.number(),
    now: z.number(),
    low: z.number(),
    high: z.number(),
    hours: Count,
    distinct_posts: Count,
    statistic: z.number(),
    chance: Evidence.shape.chance,
    escalated_at: z.array(Instant),
  })
  .meta({ id: 'PastAlert' });
export type PastAlert = z.infer<typeof PastAlert>;

/** What a choice means, as far as it was measured. */
export const RuleMeaning = z
  .object({
    posts_an_hour: z.number().nullable().meta({ description: 'Scored posts, equal texts once, of the last 28 days' }),
    false_alarms_a_month: z.number().nullable().meta({
      description: 'Expected where nothing happens; null where it was not measured',
    }),
    delays: z
      .array(
        z.object({
          fall: z.number(),
          median_hours: z.number().nullable().meta({ description: 'null: most are not found within 7 days' }),
          found: z.number().min(0).max(1).nullable().meta({ description: 'Share found within 7 days' }),
        }),
      )
      .meta({ description: 'Of falls of net sentiment for good; empty for other metrics and without any history' }),
    basis: z.enum(['own_history', 'simulation', 'none']).meta({
      description: 'Delays: falls put into its own hours, or a table measured by simulation at its volume',
    }),
  })
  .meta({ id: 'RuleMeaning' });
export type RuleMeaning = z.infer<typeof RuleMeaning>;

export const Backtest = z
  .object({
    from: Instant,
    to: Instant,
    alerts: z.array(PastAlert),
    per_month: z.number().nullable().meta({ description: 'Alerts in 720 watched hours' }),
    hours_watched: Count,
    hours_firing: Count,
    hours_held: Count.meta({ description: 'Hours with missing data' }),
    watched_from: Instant.nullable(),
    variants: z
      .array(z.object({ sensitivity: Sensitivity, alerts: Count, per_month: z.number().nullable() }))
      .meta({ description: 'What the other sensitivities would have given' }),
  })
  .meta({ id: 'Backtest' });
export type Backtest = z.infer<typeof Backtest>;

export const PreviewAnswerOfRule = z
  .object({
    scope_state: ScopeState,
    parameters: RuleParameters,
    ready_at: Instant.nullable(),
    learning: z.boolean(),
    meaning: RuleMeaning,
    backtest: Backtest.nullable(),
    why_none: z.enum(['filling', 'empty', 'terms']).nullable().meta({
      description:
        'Why there is no back-test. filling: its hours are being counted, ask again; empty: no post of the scope; terms: words of the past are not kept',
    }),
  })
  .meta({ id: 'RulePreview' });
export type RulePreview = z.infer<typeof PreviewAnswerOfRule>;

export const RuleSeriesQuery = z.strictObject({ ...rangeParameters, format: formatParameter });
export const RuleSeries = z
  .object({
    rule: z.int(),
    version: z.int(),
    metric: AlertMetric,
    from: Instant,
    to: Instant,
    hours: z.array(
      z.object({
        hour: Instant,
        n: Count.meta({ description: 'Scored posts, equal texts once' }),
        value: z.number().nullable(),
        baseline: z.number(),
        band: z.number().meta({ description: 'Half width of the usual range' }),
        statistic: z.number().nullable().meta({ description: 'The largest of its signals' }),
        learning: z.boolean(),
        held: z.enum(['incomplete', 'no_data']).nullable(),
        open: z.array(Signal),
        events: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'RuleSeries' });
export type RuleSeries = z.infer<typeof RuleSeries>;

export const RuleVersions = z
  .object({
    rule: z.int(),
    versions: z.array(
      z.object({
        version: z.int(),
        at: Instant,
        changed_by: z.string().meta({ description: 'A name, or `budget`: another rule took or left a share of it' }),
        mode: RuleMode,
        body: RuleBody,
        parameters: RuleParameters,
      }),
    ),
  })
  .meta({ id: 'RuleVersions' });
