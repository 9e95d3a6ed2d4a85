/**
 * What the detectors are given: follows from what a person chose and from the budgets of those who receive it. Called
 * whenever a rule or a channel changes (shared/alertRules.ts). Pure.
 */
import type { AlertMetric, RuleBody, RuleParameters, Sensitivity, Signal } from '../contracts/alerts.ts';

/** Evidence in hours (A), width of the band, −log10 of the chance of a count and of a term. */
const LEVELS: Record<Sensitivity, { a: number; band: number; count: number; term: number }> = {
  sensitive: { a: 240, band: 1.25, count: 2.5, term: 4.5 },
  normal: { a: 720, band: 1.25, count: 3, term: 5 },
  quiet: { a: 720, band: 2, count: 4, term: 6 },
};
const HOURS_A_MONTH = 720;

const SEVERITY: Record<AlertMetric, RuleParameters['severity']> = {
  net: { info: 0.1, warning: 0.2, critical: 0.35 },
  posts: { info: 2, warning: 4, critical: 8 },
  negative_posts: { info: 2, warning: 4, critical: 8 },
  terms: { info: 3, warning: 6, critical: 12 },
};

/** The parameters of a rule. `channels`: for each that it delivers to, its live rules (this one included) and budget a month. */
export function toParameters(body: RuleBody, channels: readonly { rules: number; budget: number }[]): RuleParameters {
  const level = LEVELS[body.sensitivity];
  const needed = Math.max(0, ...channels.map(({ rules, budget }) => (HOURS_A_MONTH * rules) / budget));
  const rarer = Math.log10(Math.max(1, needed / level.a));
  const alertAt = { net: Math.max(level.a, needed), terms: level.term + rarer };
  const defaults = SEVERITY[body.metric];
  return {
    metric: body.metric,
    signals: signalsOf(body),
    alert_at: body.metric === 'net' || body.metric === 'terms' ? alertAt[body.metric] : level.count + rarer,
    band: level.band,
    minimum_posts: body.minimum_posts ?? (body.metric === 'terms' ? 5 : 15),
    cooldown_hours: body.cooldown_hours,
    severity: {
      info: body.severity.info ?? defaults.info,
      warning: body.severity.warning ?? defaults.warning,
      critical: body.severity.critical ?? defaults.critical,
    },
  };
}

function signalsOf({ metric, direction }: RuleBody): Signal[] {
  if (metric === 'terms') return ['term'];
  if (metric !== 'net') return [metric];
  if (direction === 'both') return ['net_down', 'net_up'];
  return [direction === 'down' ? 'net_down' : 'net_up'];
}
