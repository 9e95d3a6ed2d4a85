/** What one installation keeps beside its database: the data folder and the secret. Used by every command of the CLI. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../shared/config.ts';

/** Where the embedded Postgres keeps its data. */
export function postgresDir(config: Config): string {
  return join(resolve(config.dataDir), 'postgres');
}

/** The installation's secret: configured, or made once and kept beside the data, readable by its owner only. */
export async function obtainSecret(config: Config): Promise<string> {
  if (config.secret) return config.secret;
  const file = join(resolve(config.dataDir), 'secret');
  await mkdir(resolve(config.dataDir), { recursive: true });
  try {
    await writeFile(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  await chmod(file, 0o600);
  return (await readFile(file, 'utf8')).trim();
}
