/**
 * Why the embedded Postgres did not start, in words for the person who typed `npm start`: what happened, where, what to do.
 * Thrown by every file of this folder; the command line prints the message, tests look at the code.
 * Try it: `new PostgresStartError('locked', 'said to a person')`, `reasonIn(logText, pid)`.
 */

export type StartErrorCode =
  | 'port_taken'
  | 'disk_full'
  | 'other_major'
  | 'no_binary'
  | 'no_account'
  | 'locked'
  | 'failed';

/** The server did not start. The message is complete: it can be shown as it is. */
export class PostgresStartError extends Error {
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PostgresStartError';
    this.code = code;
  }
}

/** Closes most messages: the way out that always works. */
export const OWN_SERVER = 'or set DATABASE_URL to a Postgres server of your own';

/**
 * Reads in what `postgres` or `initdb` printed why it stopped. `pid` is the process that stopped: another start on the
 * same folder may write into the same log, and only our own lines say that we met a lock.
 */
export function reasonIn(text: string, pid: number | undefined): StartErrorCode {
  const own = pid === undefined ? text : linesOf(text, pid);
  if (/lock file "[^"]*" already exists|lock file "[^"]*" is empty|shared memory block .* is still in use/.test(own)) {
    return 'locked';
  }
  if (/No space left on device|Disk quota exceeded/.test(text)) return 'disk_full';
  if (/could not bind [^\n]*: (Address already in use|Only one usage of each socket)/.test(own)) return 'port_taken';
  if (/database files are incompatible with server/.test(own)) return 'other_major';
  if (/could not look up effective user ID/.test(own)) return 'no_account';
  return 'failed';
}

/** Lines of one process, and those without a process number (printed before the log is set up). */
export function linesOf(text: string, pid: number): string {
  const lines = text.split('\n');
  return lines.filter((line) => (/\[(\d+)\]/.exec(line)?.[1] ?? String(pid)) === String(pid)).join('\n');
}
