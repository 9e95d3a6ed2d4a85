/**
 * The errors that cross layers. A layer throws one of these when it knows what went wrong in the reader's words;
 * api/problem.ts turns them into RFC 9457 answers, the CLI into one line and an exit code.
 */

/** What kind of trouble it is; api/problem.ts maps each to one HTTP status. */
export type ErrorCode =
  | 'bad_request'
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'not_acceptable'
  | 'conflict'
  | 'precondition_failed'
  | 'precondition_required'
  | 'too_large'
  | 'unsupported_type'
  | 'too_many'
  | 'unavailable';

/** A field that is wrong, by JSON pointer (`/posts/3/text`) or query parameter (`?limit`). */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** An error meant for the reader: `message` may be shown as it is and holds no post's text and no secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterMs: number | undefined;
  constructor(code: ErrorCode, message: string, more: { errors?: readonly FieldError[]; retryAfterMs?: number } = {}) {
    super(message);
    this.name = 'AppError';
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** The database cannot be used by this program; the message says what to do. */
export class MigrationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MigrationError';
  }
}

/** A process that ends with this code cannot work whatever is tried (a port is taken): starting it again is no help. */
export const FATAL_EXIT = 78;

/** Why a source could not be read, as codes that the Sources page can put into words in each language. */
export type SourceErrorCode =
  | 'not_found'
  | 'gone'
  | 'blocked'
  | 'rate_limited'
  | 'server_error'
  | 'timeout'
  | 'unreachable'
  | 'private_address'
  | 'too_large'
  | 'too_many_redirects'
  | 'not_a_feed'
  | 'malformed'
  | 'robots'
  | 'bad_settings';

/** A source's trouble. With `retryAfterMs`, waiting helps; without it, only a person can. */
export class SourceError extends Error {
  readonly code: SourceErrorCode;
  readonly retryAfterMs: number | undefined;
  constructor(code: SourceErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'SourceError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** True when the database could not be reached, so that the failure says nothing of the work that met it. */
export function isDatabaseOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // 57P0x: shutting down or starting up; 08xxx: connection lost; 53300: too many clients; 53100: disk full
  if (CONNECTION_CODES.has(code) || /^(57P0|08|53[13])/.test(code)) return true;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseOutage);
  return /Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|server closed the connection/i.test(
    error.message,
  );
}
