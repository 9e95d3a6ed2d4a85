/** The commands that run roles: `all`, `api`, `worker`, `scheduler`, and `migrate`. Registered by infra/cli.ts. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type Config, queueTarget } from '../../shared/config.ts';
import { openDb } from '../../shared/store/db.ts';
import { obtainSecret } from '../installation.ts';
import { ensureMigrated } from '../prepare.ts';

const ROLES = {
  api: ['../../api/main.ts'],
  worker: ['../../workers/main.ts', 'worker'],
  scheduler: ['../../workers/main.ts', 'scheduler'],
} as const;

/** Adds the role commands. `config` is read when a command runs, so that `--help` needs none. */
export function registerRoles(program: Command, config: () => Config, env: NodeJS.ProcessEnv): void {
  program
    .command('all', { isDefault: true })
    .description('run everything on this machine: Postgres unless DATABASE_URL is set, scheduler, workers, API')
    .action(async () => {
      const { runAll } = await import('../supervise.ts');
      process.exitCode = await runAll(config(), env);
    });
  for (const [role, command] of Object.entries(ROLES)) {
    program
      .command(role)
      .description(`run one ${role}; any number may run, on any host, with DATABASE_URL and SADA_SECRET set`)
      .action(async () => {
        const { databaseUrl } = config();
        if (!databaseUrl)
          throw new UsageError(`\`sada ${role}\` needs DATABASE_URL; \`sada all\` brings its own Postgres`);
        process.exitCode = await runRole(command, { ...env, SADA_SECRET: await obtainSecret(config()) });
      });
  }
  program
    .command('migrate')
    .description('bring the database of DATABASE_URL to this version; safe to repeat')
    .action(async () => {
      const settings = config();
      if (!settings.databaseUrl)
        throw new UsageError('`sada migrate` needs DATABASE_URL; `sada all` migrates its own Postgres');
      const db = openDb(settings.databaseUrl, { max: 2 });
      try {
        const queueHere = queueTarget(settings, settings.databaseUrl).driver === 'postgres';
        const ran = await ensureMigrated(db, { zone: settings.zone, secret: await obtainSecret(settings), queueHere });
        process.stdout.write(ran.length > 0 ? `migrated: ${ran.join(', ')}\n` : 'the database is up to date\n');
      } finally {
        await db.end();
      }
    });
}

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {}

/** Runs a role in the place of this process: signals are passed on, its exit code becomes ours. */
function runRole(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [file = '', ...args] = command;
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(file, import.meta.url)), ...args], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true, // a terminal's Ctrl-C reaches us, and we pass it on once
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
