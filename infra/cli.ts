/**
 * `sada`: every command of the product. `npm start` runs `sada all`; `npx sada --help` lists the rest.
 * Exit codes: 0 well, 1 failed, 2 called wrongly, 130 stopped by Ctrl-C.
 */
import { existsSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConfigError, loadConfig } from '../shared/config.ts';
import { AppError, MigrationError } from '../shared/errors.ts';
import { registerRoles, UsageError } from './commands/roles.ts';
import { FolderTakenError } from './folder.ts';
import { PostgresStartError } from './postgres/errors.ts';

// `sada import list | head`: a reader that has seen enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

if (existsSync('.env')) process.loadEnvFile('.env');

const config = () => loadConfig(process.env);
const open = async () =>
  (await import('./context.ts')).openContext({
    ...config(),
    logLevel: process.env.LOG_LEVEL ? config().logLevel : 'warn',
  });

const program = new Command('sada')
  .description('Sada (صدى) listens to what people say in public about Morocco as a digital hub.')
  .showHelpAfterError('(`sada --help` lists the commands)')
  .exitOverride();
registerRoles(program, config, process.env);
// The roles are started often and should start fast: they do not load the other commands' code.
if (!['all', 'api', 'worker', 'scheduler'].includes(process.argv[2] ?? 'all')) {
  (await import('./commands/import.ts')).registerImport(program, open);
  (await import('./commands/demo.ts')).registerDemo(program, open);
  (await import('./commands/keys.ts')).registerKeys(program, open);
  (await import('./commands/operate.ts')).registerOperate(program, open, config);
  (await import('./commands/rescore.ts')).registerRescore(program, open);
  (await import('./commands/terms.ts')).registerTerms(program, open);
  (await import('./commands/channels.ts')).registerChannels(program, open, config, process.env);
  (await import('./commands/alerts.ts')).registerAlerts(program, open, config);
}

/** Errors that say all a person needs: shown without a stack. */
const PLAIN = [ConfigError, AppError, UsageError, MigrationError, PostgresStartError, FolderTakenError];

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) process.stderr.write(`sada: ${describe(error)}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AppError && error.errors.length > 0) {
    return `${error.message}\n${error.errors.map((e) => `  ${e.pointer}: ${e.detail}`).join('\n')}`;
  }
  if (PLAIN.some((kind) => error instanceof kind)) return error.message;
  const code = 'code' in error ? ` (${String(error.code)})` : '';
  return process.env.LOG_LEVEL === 'debug' ? (error.stack ?? error.message) : `${error.message || error.name}${code}`;
}
