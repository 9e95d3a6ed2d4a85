/**
 * Looks up the secrets of a channel when it sends: what is sealed is opened, `env:NAME` and `file:/path` are read. Sada's own
 * settings are never given away. Called by workers/alerts/deliver.ts; the environment comes from a main.ts or the CLI.
 */
import { open } from 'node:fs/promises';
import { openSecrets } from '../../shared/channels.ts';
import { Environment } from '../../shared/config.ts';
import { CHANNEL_KINDS, type ChannelKind, type ChannelSecrets } from '../../shared/contracts/channels.ts';
import type { Seal } from '../../shared/seal.ts';
import type { StoredChannel } from '../../shared/store/channels.ts';

const MOST_BYTES = 8_192;

/** The value of a variable of the environment. */
export type ReadEnvironment = (name: string) => string | undefined;

/** A secret that cannot be had; names the reference, never the value. */
export class SecretError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SecretError';
  }
}

/** Throws SecretError and SealError. */
export async function lookUpSecrets<K extends ChannelKind>(
  seal: Seal,
  environment: ReadEnvironment,
  channel: Pick<StoredChannel, 'sealed'> & { kind: K },
): Promise<ChannelSecrets<K>> {
  const found: Record<string, string> = {};
  for (const [name, given] of Object.entries(openSecrets(seal, channel))) {
    const value = given.startsWith('env:')
      ? fromEnvironment(environment, given.slice(4))
      : given.startsWith('file:')
        ? await fromFile(given.slice(5))
        : given;
    found[name] = value;
  }
  const checked = CHANNEL_KINDS[channel.kind].secrets.safeParse(found);
  if (checked.success) return checked.data as ChannelSecrets<K>;
  const [issue] = checked.error.issues;
  throw new SecretError(`the secret ${issue?.path.join('.')} is not right: ${issue?.message}`);
}

function fromEnvironment(environment: ReadEnvironment, name: string): string {
  if (name in Environment.shape) throw new SecretError(`env:${name} is a setting of Sada and no channel's secret`);
  const value = environment(name)?.trim();
  if (!value) throw new SecretError(`env:${name} is not set for the worker`);
  return value;
}

async function fromFile(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) throw new SecretError(`file:${path} cannot be read by the worker`);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
    const value = buffer.subarray(0, bytesRead).toString('utf8').trim();
    if (!value) throw new SecretError(`file:${path} is empty`);
    return value;
  } catch (error) {
    throw error instanceof SecretError ? error : new SecretError(`file:${path} cannot be read by the worker`);
  } finally {
    await file.close();
  }
}
