/** What an operator asks: `sada status`, `sources`, `dead`, `reconcile`, `config`. Registered by infra/cli.ts. */
import type { Command } from 'commander';
import { type Config, Environment } from '../../shared/config.ts';
import { countWaiting, discardDead, listDead, replayDead } from '../../shared/store/chunks.ts';
import { one } from '../../shared/store/db.ts';
import { aliveRoles } from '../../shared/store/health.ts';
import { reconcile } from '../../shared/store/reconcile.ts';
import { countStale } from '../../shared/store/rescores.ts';
import { listSources } from '../../shared/store/sources.ts';
import type { OpenContext } from '../context.ts';
import { UsageError } from './roles.ts';
import { printTable } from './table.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;

/** Adds the operator's commands. */
export function registerOperate(program: Command, open: OpenContext, config: () => Config): void {
  const inContext = async (work: (context: Awaited<ReturnType<OpenContext>>) => Promise<void>) => {
    const context = await open();
    try {
      await work(context);
    } finally {
      await context.close();
    }
  };
  program
    .command('status')
    .description('processes, posts, waiting work and quarantine')
    .action(() =>
      inContext(async ({ db, ingestDeps: { analyser } }) => {
        const posts = await one<{ posts: number; numbers: number }>(
          db,
          `select (select count(*) from posts) as posts, (select coalesce(sum(n), 0) from rollup_day where topic = 0)::bigint as numbers`,
        );
        const dead = await one<{ n: number }>(db, 'select count(*) as n from dead_posts');
        const waiting = {
          waiting_chunks: await countWaiting(db),
          waiting_rescore: await countStale(db, analyser),
        };
        printTable(
          [{ ...posts, ...waiting, quarantine: dead?.n, processes: await aliveRoles(db) }],
          ['posts', 'numbers', 'waiting_chunks', 'waiting_rescore', 'quarantine', 'processes'],
        );
      }),
    );
  program
    .command('sources')
    .description('sources with their health')
    .action(() =>
      inContext(async ({ db }) => {
        const rows = (await listSources(db)).map((source) => ({
          ...source,
          notes: source.notes.map(({ code, detail }) => `${code} ${detail}`).join(', ') || null,
        }));
        printTable(rows, [
          'id',
          'kind',
          'name',
          'state',
          'every_minutes',
          'last_success_at',
          'next_run_at',
          'failures',
          'error',
          'notes',
          'counts',
        ]);
      }),
    );
  const dead = program.command('dead').description('posts in quarantine');
  dead
    .command('list')
    .description('what could not be stored, and why; ids only')
    .action(() =>
      inContext(async ({ db }) => {
        const rows = (await listDead(db, 1_000)).map((row) => ({
          ...row,
          post: 'post' in row.event ? `${row.event.post.site} ${row.event.post.external_id}` : row.event.type,
        }));
        printTable(rows, ['id', 'source_id', 'post', 'error', 'created_at']);
      }),
    );
  dead
    .command('replay')
    .description('give every post in quarantine another try')
    .action(() =>
      inContext(async ({ db, queues }) => {
        const ids = await replayDead(db);
        await queues.addChunks(ids.map((id) => ({ from: 'push', id })));
        process.stdout.write(`${ids.length} chunk${ids.length === 1 ? '' : 's'} put back to work\n`);
      }),
    );
  dead
    .command('discard')
    .description('throw the posts in quarantine away, for good')
    .action(() =>
      inContext(async ({ db }) => {
        const n = await discardDead(db);
        process.stdout.write(`${n} post${n === 1 ? '' : 's'} thrown away\n`);
      }),
    );
  program
    .command('reconcile')
    .description('recount the rollups of a range of local days from the posts, and repair')
    .requiredOption('--from <day>', 'first day, YYYY-MM-DD')
    .requiredOption('--to <day>', 'day after the last, YYYY-MM-DD')
    .action((options: { from: string; to: string }) => {
      for (const [name, value] of Object.entries(options)) {
        if (!DAY.test(value) || Number.isNaN(Date.parse(value)))
          throw new UsageError(`--${name}: expected a day as YYYY-MM-DD`);
      }
      return inContext(async ({ db, zone }) => {
        const result = await reconcile(db, zone, options.from, options.to);
        process.stdout.write(`${result.checked} cells checked, ${result.repaired} repaired\n`);
      });
    });
  program
    .command('config')
    .description('the settings in force, secrets masked')
    .option('--table', 'as the Markdown table of the README')
    .option('--env', 'as a commented .env file')
    .action((options: { table?: boolean; env?: boolean }) => {
      if (options.table) process.stdout.write(configTable());
      else if (options.env) process.stdout.write(configEnv());
      else process.stdout.write(`${JSON.stringify(masked(config()), null, 2)}\n`);
    });
}

function settings(): { name: string; description: string; fallback: string }[] {
  return Object.entries(Environment.shape).map(([name, schema]) => {
    const parsed = schema.safeParse(undefined);
    const fallback = parsed.success && parsed.data !== undefined ? String(parsed.data) : '';
    return { name, description: schema.description ?? '', fallback };
  });
}

/** The README's table of settings. */
export function configTable(): string {
  const rows = settings().map(
    ({ name, description, fallback }) => `| \`${name}\` | ${fallback ? `\`${fallback}\`` : ''} | ${description} |`,
  );
  return ['| variable | default | what it does |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function configEnv(): string {
  return settings()
    .map(({ name, description, fallback }) => `# ${description}\n#${name}=${fallback}\n`)
    .join('\n');
}

function masked(config: Config): unknown {
  const hide = (url: string) => url.replace(/:\/\/([^:@/]*):[^@/]*@/, '://$1:***@');
  return JSON.parse(
    JSON.stringify(config, (key, value: unknown) =>
      key === 'secret' && value ? '***' : typeof value === 'string' ? hide(value) : value,
    ),
  );
}
