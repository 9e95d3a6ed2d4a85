/**
 * `sada alerts`: what was raised, for whoever has a terminal and no browser; `sada rules` is in rules.ts. Registered by
 * infra/cli.ts. Try it: npx sada alerts list
 */
import type { Command } from 'commander';
import { acknowledge, closeAlert } from '../../shared/alertActions.ts';
import { offsetsOf } from '../../shared/alerts/quiet.ts';
import { tell } from '../../shared/alerts/sentences.ts';
import type { Config } from '../../shared/config.ts';
import { AlertState, MessageLanguage } from '../../shared/contracts/alerts.ts';
import { AppError } from '../../shared/errors.ts';
import { ruleNames } from '../../shared/store/alertRules.ts';
import { type Alert, alertEvents, findAlert, listAlerts } from '../../shared/store/alerts.ts';
import { visible } from '../../workers/imports/visible.ts';
import type { Context, OpenContext } from '../context.ts';
import { BY, type InContext, id, oneOf, toFigure } from './alertArguments.ts';
import { registerRules } from './rules.ts';
import { printTable } from './table.ts';

/** Adds the commands for alerts and rules. */
export function registerAlerts(program: Command, open: OpenContext, config: () => Config): void {
  const inContext: InContext = async (work) => {
    const context = await open();
    try {
      await work({ ...context, address: config().publicUrl ?? null, now: new Date() });
    } finally {
      await context.close();
    }
  };
  registerIncidents(program.command('alerts').description('what was raised, newest first'), inContext);
  registerRules(program.command('rules').description('what is watched'), inContext);
}

function registerIncidents(alerts: Command, inContext: InContext): void {
  alerts
    .command('list')
    .description('alerts, newest first')
    .option('--state <state>', `one of ${AlertState.options.join(', ')}`, oneOf(AlertState.options))
    .option('--limit <n>', 'how many', Number, 20)
    .action(({ state, limit }: { state?: AlertState; limit: number }) =>
      inContext(async ({ db }) => {
        const rows = await listAlerts(db, { ...(state ? { states: [state] } : {}), limit });
        const names = await ruleNames(
          db,
          rows.map((row) => row.rule_id),
        );
        printTable(
          rows.map((row) => ({
            ...row,
            rule: visible(names.get(row.rule_id)?.name ?? ''),
            ...{ before: toFigure(row.evidence.before), now: toFigure(row.evidence.now) },
            mode: row.sample ? 'sample' : row.mode,
            acknowledged_by: row.acknowledged_by && visible(row.acknowledged_by),
          })),
          [
            'id',
            'fired_at',
            'rule',
            'signal',
            'before',
            'now',
            'severity',
            'state',
            'mode',
            'acknowledged_by',
            'verdict',
          ],
        );
      }),
    );
  alerts
    .command('show')
    .description('one alert in a sentence, and what happened to it')
    .argument('<id>', 'the number that `sada alerts list` shows', id)
    .option(
      '--language <language>',
      `one of ${MessageLanguage.options.join(', ')}`,
      oneOf(MessageLanguage.options),
      'en',
    )
    .action((of: number, { language }: { language: MessageLanguage }) =>
      inContext((context) => showAlert(context, of, language)),
    );
  const acting = (name: string, description: string, act: typeof acknowledge) =>
    alerts
      .command(name)
      .description(description)
      .argument('<id>', 'the number that `sada alerts list` shows', id)
      .option('--note <text>', 'a few words for the others')
      .action((of: number, { note }: { note?: string }) =>
        inContext(async (context) => {
          const alert = await act(context, { id: of, by: BY, ...(note === undefined ? {} : { note }) });
          process.stdout.write(`alert ${alert.id}: ${alert.state}${alert.acknowledged_at ? ', acknowledged' : ''}\n`);
        }),
      );
  acting('ack', 'acknowledge: repeats and escalation stop', acknowledge);
  acting('close', 'end an alert whatever its figures say', closeAlert);
}

async function showAlert({ db, zone }: Context, of: number, language: MessageLanguage): Promise<void> {
  const alert = await findAlert(db, of);
  if (!alert) throw new AppError('not_found', `there is no alert ${of}`);
  const sentence = (await sentenceOf(db, alert, zone, language)).replace(ISOLATES, '');
  process.stdout.write(`${visible(sentence)}\n\n`);
  const { threads, authors, posts } = alert.evidence;
  process.stdout.write(`${many(posts, 'post')}, ${many(authors, 'author')}, ${many(threads, 'thread')}\n\n`);
  printTable(
    (await alertEvents(db, of)).map((event) => ({
      ...event,
      by: event.by_whom && visible(event.by_whom),
      note: typeof event.body.note === 'string' ? visible(event.body.note) : null,
    })),
    ['seq', 'at', 'type', 'by', 'note'],
  );
}

/** Right for a page; a terminal has its own idea of directions, and `visible` would show them as unknown. */
const ISOLATES = /[\u2066-\u2069]/g;
const many = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;

async function sentenceOf(db: Context['db'], alert: Alert, zone: string, language: MessageLanguage): Promise<string> {
  const rule = (await ruleNames(db, [alert.rule_id])).get(alert.rule_id)?.name ?? '';
  const { signal, resolution, evidence, started_at } = alert;
  const offsetMinutes = offsetsOf(zone)(started_at.getTime());
  const { title, sentence } = tell({ type: 'fired', rule, signal, resolution, evidence, after: null, offsetMinutes });
  return `${title[language]} — ${sentence[language]}`;
}
