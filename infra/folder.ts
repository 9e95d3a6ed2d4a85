/**
 * One `sada all` a data folder: a second one would adopt the first one's Postgres and stop it at its end.
 * infra/supervise.ts claims the folder at its start.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Another Sada works on this folder. */
export class FolderTakenError extends Error {
  constructor(folder: string, pid: number) {
    super(
      `Sada runs on ${folder} already (process ${pid}). Stop it first, or choose another folder with SADA_DATA_DIR.`,
    );
    this.name = 'FolderTakenError';
  }
}

/** Claims a folder until the returned function is called. A claim whose process is gone is taken over. */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'sada.pid');
  const holder = Number(await readFile(file, 'utf8').catch(() => ''));
  // In a container both are process 1, and the claim is the last container's.
  if (holder > 1 && holder !== process.pid && (await isSada(holder))) throw new FolderTakenError(folder, holder);
  await writeFile(file, `${process.pid}\n`);
  return () => rm(file, { force: true });
}

// A number alone proves nothing: after a reboot it may be anybody's.
async function isSada(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return command === undefined || /sada|cli\.ts/.test(command);
}
