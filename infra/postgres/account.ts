/**
 * Under which account the server runs. Postgres refuses to run as root, so root lends it another one.
 * Called by the launcher before anything is started. Try it as root: `serverAccount('data/postgres')`.
 */
import { chmod, chown, lchown, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OWN_SERVER, PostgresStartError } from './errors.ts';

export interface Account {
  uid: number;
  gid: number;
}

/**
 * Undefined when we are not root: the server then runs as we do. Else the owner of the data, so that a folder made by an
 * ordinary user stays theirs after one start by root; for new data `postgres`, or `nobody` where there is none.
 */
export async function serverAccount(dataDir: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(join(dataDir, 'PG_VERSION')).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const account = accountIn(passwd, 'postgres') ?? accountIn(passwd, 'nobody');
  if (account) return account;
  throw new PostgresStartError(
    'no_account',
    'Postgres refuses to run as root, and /etc/passwd has neither an account "postgres" nor "nobody" to run it under. ' +
      `Start as an ordinary user, add such an account (useradd --system postgres), ${OWN_SERVER}.`,
  );
}

/** Finds an account in the text of /etc/passwd. */
export function accountIn(passwd: string, name: string): Account | undefined {
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? [];
  return Number(uid) && Number(gid) ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Gives data that root has copied to the account, and closes the folder to others, without which Postgres refuses it. */
export async function handOver(dataDir: string, account: Account | undefined): Promise<void> {
  const folder = await stat(dataDir);
  if ((folder.mode & 0o027) !== 0) await chmod(dataDir, 0o700);
  const version = join(dataDir, 'PG_VERSION');
  if (!account || (folder.uid === account.uid && (await stat(version)).uid === account.uid)) return;
  for (const entry of await readdir(dataDir, { recursive: true })) {
    if (entry !== 'PG_VERSION') await lchown(join(dataDir, entry), account.uid, account.gid);
  }
  await chown(dataDir, account.uid, account.gid);
  await chown(version, account.uid, account.gid); // last: serverAccount takes it as the sign that all is handed over
}
