/**
 * `sada rules`: what is watched. Registered by infra/commands/alerts.ts.
 * Try it: npx sada rules add 'Mood on water' net --topic water, then npx sada rules backtest 1
 */
import { Argument, type Command } from 'commander';
import { previewRule, type RulePreview } from '../../shared/alertPreview.ts';
import { changeRule, createRule, deleteRule } from '../../shared/alertRules.ts';
import { AlertMetric, Direction, RuleBody, type RuleMode, Sensitivity } from '../../shared/contracts/alerts.ts';
import { AppError } from '../../shared/errors.ts';
import { readRules } from '../../shared/ruleStates.ts';
import { type AlertRule, findRule } from '../../shared/store/alertRules.ts';
import { findChannelByName } from '../../shared/store/channels.ts';
import { topicIdsOf } from '../../shared/store/topics.ts';
import { visible } from '../../workers/imports/visible.ts';
import type { Context } from '../context.ts';
import { BY, type InContext, id, oneOf, toFigure } from './alertArguments.ts';
import { printTable } from './table.ts';

const HOUR_MS = 3_600_000;

/** Adds the commands for rules. */
export function registerRules(rules: Command, inContext: InContext): void {
  rules
    .command('list')
    .description('rules and what each is doing')
    .action(() =>
      inContext(async ({ db }) => {
        const rows = (await readRules(db)).map(({ rule, state, ready_at, precision }) => ({
          ...{
            id: rule.id,
            name: visible(rule.name),
            metric: rule.metric,
            mode: rule.mode,
            state,
            ready_at,
            precision,
          },
          ...{
            sensitivity: rule.body.sensitivity,
            channels: rule.body.channels,
            scope: JSON.stringify(rule.body.scope),
          },
        }));
        printTable(rows, [
          'id',
          'name',
          'metric',
          'scope',
          'sensitivity',
          'mode',
          'state',
          'ready_at',
          'channels',
          'precision',
        ]);
      }),
    );
  registerAdding(rules, inContext);
  rules
    .command('backtest')
    .description('what a rule would have done, and what its choices mean')
    .argument('<id>', 'the number that `sada rules list` shows', id)
    .option('--days <n>', 'of how many days', Number, 90)
    .action((of: number, { days }: { days: number }) =>
      inContext(async (context) => {
        const rule = await ruleOf(context, of);
        printPreview(await previewRule(context, rule.body, { days, ruleId: rule.id }));
      }),
    );
  const changing = (name: string, description: string, mode: RuleMode) =>
    rules
      .command(name)
      .description(description)
      .argument('<id>', 'the number that `sada rules list` shows', id)
      .action((of: number) =>
        inContext(async (context) => {
          const { body, version } = await ruleOf(context, of);
          await changeRule(context, { id: of, by: BY, version }, { ...body, mode });
          process.stdout.write(`${visible(body.name)} is ${mode}\n`);
        }),
      );
  changing('pause', 'watch no more; its open alerts end', 'paused');
  changing('resume', 'watch and tell', 'live');
  changing('shadow', 'watch, and tell nobody', 'shadow');
  rules
    .command('remove')
    .description('delete a rule: its open alerts end, its history stays')
    .argument('<id>', 'the number that `sada rules list` shows', id)
    .action((of: number) =>
      inContext(async (context) => {
        await deleteRule(context, { id: of, by: BY });
        process.stdout.write(`rule ${of} deleted\n`);
      }),
    );
}

interface Adding {
  topic?: string[];
  language?: string[];
  direction?: Direction;
  sensitivity?: Sensitivity;
  channel?: string[];
  owner?: string;
  shadow?: boolean;
}

function registerAdding(rules: Command, inContext: InContext): void {
  rules
    .command('add')
    .description('add a rule; it learns first')
    .argument('<name>', 'what you call it')
    .addArgument(new Argument('<metric>', 'what is watched').choices(AlertMetric.options))
    .option('--topic <code...>', 'only posts about these topics')
    .option('--language <code...>', 'only posts in these languages')
    .option('--direction <direction>', `of net: ${Direction.options.join(', ')}`, oneOf(Direction.options))
    .option('--sensitivity <level>', Sensitivity.options.join(', '), oneOf(Sensitivity.options))
    .option('--channel <name...>', 'who is told')
    .option('--owner <name>', 'who answers for it')
    .option('--shadow', 'watch, and tell nobody')
    .action((name: string, metric: AlertMetric, options: Adding) =>
      inContext(async (context) => {
        const body = await toBody(context, name, metric, options);
        const rule = await createRule(context, body, BY);
        process.stdout.write(`rule ${rule.id} added; see: npx sada rules backtest ${rule.id}\n`);
      }),
    );
}

async function toBody({ db }: Context, name: string, metric: AlertMetric, options: Adding): Promise<RuleBody> {
  const { topic, language, direction, sensitivity, owner, shadow } = options;
  const known = await topicIdsOf(db, topic ?? []);
  for (const code of topic ?? [])
    if (!known.has(code)) throw new AppError('invalid', `there is no topic "${visible(code)}"`);
  const channels: number[] = [];
  for (const one of options.channel ?? []) {
    const channel = await findChannelByName(db, one);
    if (!channel) throw new AppError('not_found', `there is no channel "${visible(one)}"`);
    channels.push(channel.id);
  }
  const parsed = RuleBody.safeParse({
    ...{ name, metric, channels, scope: { ...(topic ? { topic } : {}), ...(language ? { language } : {}) } },
    ...{ ...(direction ? { direction } : {}), ...(sensitivity ? { sensitivity } : {}), ...(owner ? { owner } : {}) },
    ...(shadow ? { mode: 'shadow' } : {}),
  });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, detail: message }));
  throw new AppError('invalid', 'The rule is not right', { errors });
}

const NONE = {
  filling: 'its hours are being counted: ask again in a minute',
  empty: 'no post of its scope is stored',
  terms: 'words of the past are not kept',
} as const;

function printPreview({ meaning, replayed, whyNone, readyAt, learning }: RulePreview): void {
  const { postsAnHour, falseAlarmsAMonth, delays } = meaning;
  const figure = (value: number | null, digits: number) => (value === null ? 'unknown' : value.toFixed(digits));
  const lines = [
    `posts an hour              ${figure(postsAnHour, 1)}`,
    `false alarms a month       ${figure(falseAlarmsAMonth, 2)}`,
    ...delays.map(({ fall, medianHours }) =>
      medianHours === null
        ? `a fall of ${fall} is mostly not found within 7 days`
        : `a fall of ${fall} is found after ${medianHours} hours (median)`,
    ),
    learning ? `learning, ready on ${readyAt?.toISOString() ?? 'a date not known yet'}` : 'ready',
    whyNone ? `no back-test: ${NONE[whyNone]}` : '',
  ];
  process.stdout.write(`${lines.filter(Boolean).join('\n')}\n`);
  if (!replayed) return;
  const alone = replayed.variants.map(({ sensitivity, alerts }) => `${sensitivity} ${alerts}`).join(', ');
  process.stdout.write(`${replayed.alerts.length} alerts since ${replayed.from.toISOString()} (${alone})\n\n`);
  printTable(
    replayed.alerts.map(({ firedAt, signal, figures, endedAt, ending }) => ({
      ...{ signal, ending, severity: figures.severity, before: toFigure(figures.before), now: toFigure(figures.now) },
      fired_at: new Date(firedAt + HOUR_MS),
      ended_at: endedAt === null ? null : new Date(endedAt + HOUR_MS),
    })),
    ['fired_at', 'signal', 'before', 'now', 'severity', 'ended_at', 'ending'],
  );
}

async function ruleOf({ db }: Context, of: number): Promise<AlertRule> {
  const rule = await findRule(db, of);
  if (!rule) throw new AppError('not_found', `there is no rule ${of}; \`npx sada rules list\` shows them`);
  return rule;
}
