/**
 * Structured logs: one JSON object a line on standard output. Fixed message, data in fields; ids, never a post's text,
 * an author or a secret. Every main.ts makes one and hands it down.
 */
import pino from 'pino';

export type Log = pino.Logger;

const SECRETS = [
  'authorization',
  'cookie',
  '*.authorization',
  '*.cookie',
  '*.password',
  '*.token',
  '*.secret',
  '*.text',
  '*.author',
];

/** A logger of a role (`api`, `worker`, …). */
export function createLog(role: string, level: string): Log {
  return pino({
    level,
    base: { role, pid: process.pid },
    redact: { paths: SECRETS, censor: '[removed]' },
    serializers: { err: safeError },
  });
}

/** An error without what Postgres quotes in `detail`: that may be a post's text or an author. */
function safeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: 'not an Error' };
  const { code, constraint, table } = error as { code?: string; constraint?: string; table?: string };
  return {
    type: error.name,
    message: error.message.slice(0, 500),
    code,
    constraint,
    table,
    stack: error.stack?.slice(0, 4_000),
  };
}
