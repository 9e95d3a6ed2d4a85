/** `sada keys create|list|revoke`: API keys, shown once and stored as a hash. Registered by infra/cli.ts. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Scope } from '../../shared/contracts/api/common.ts';
import { createKey, listKeys, revokeKey } from '../../shared/store/apiKeys.ts';
import type { OpenContext } from '../context.ts';
import { printTable } from './table.ts';

function days(value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1 || n > 3_650)
    throw new InvalidArgumentError('expected a number of days from 1 to 3650');
  return n;
}

/** Adds the key commands. */
export function registerKeys(program: Command, open: OpenContext): void {
  const keys = program.command('keys').description('API keys');
  keys
    .command('create')
    .description('make a key; it is printed once and never again')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(
      new Option('--scope <scope...>', 'what it may do')
        .choices(Scope.options)
        .default(['read:aggregates', 'read:posts']),
    )
    .option('--days <n>', 'days until it ends; never by default', days)
    .action(async (options: { name: string; scope: Scope[]; days?: number }) => {
      const context = await open();
      try {
        const expiry = options.days ? { expiresAt: new Date(Date.now() + options.days * 86_400_000) } : {};
        const { key } = await createKey(context.db, { name: options.name, scopes: options.scope, ...expiry });
        process.stdout.write(`${key}\n`);
        process.stderr.write('Keep it now: only its hash is stored. Use it as `Authorization: Bearer <key>`.\n');
      } finally {
        await context.close();
      }
    });
  keys
    .command('list')
    .description('list the keys, without their secret part')
    .action(async () => {
      const context = await open();
      try {
        printTable(await listKeys(context.db), [
          'public_part',
          'name',
          'scopes',
          'created_at',
          'expires_at',
          'last_used_at',
          'revoked_at',
        ]);
      } finally {
        await context.close();
      }
    });
  keys
    .command('revoke <public-part>')
    .description('end a key; takes the eight characters after sada_live_')
    .action(async (part: string) => {
      const context = await open();
      try {
        const ended = await revokeKey(context.db, part);
        process.stdout.write(ended ? `revoked ${part}\n` : `no live key has the public part "${part}"\n`);
        if (!ended) process.exitCode = 1;
      } finally {
        await context.close();
      }
    });
}
