/**
 * RFC 9457 problem details: the only place where an error gets its status. Routes throw AppError; everything else that
 * reaches the handler here is either the request's fault (4xx of Express and its parsers), an outage (503) or ours (500).
 */
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { z } from 'zod';
import type { Problem } from '../shared/contracts/api/common.ts';
import { AppError, type ErrorCode, type FieldError, isDatabaseOutage } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';

type Code = ErrorCode | 'method_not_allowed' | 'internal';

const PROBLEMS: Record<Code, { status: number; title: string }> = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  forbidden: { status: 403, title: 'The API key does not allow this' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'The address does not know this method' },
  not_acceptable: { status: 406, title: 'No answer in an accepted format' },
  conflict: { status: 409, title: 'The present state does not allow this' },
  precondition_failed: { status: 412, title: 'It was changed meanwhile' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_type: { status: 415, title: 'The body must be JSON' },
  invalid: { status: 422, title: 'Some values are wrong' },
  precondition_required: { status: 428, title: 'The version that is changed must be named' },
  too_many: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'Not available for the moment' },
};

/** Statuses that the OpenAPI document lists for every route. */
export const PROBLEM_STATUSES = Object.values(PROBLEMS).map(({ status, title }) => ({ status, title }));

/** What is known of a problem type by its code, for /problems/{code}; undefined for an unknown code. */
export function describeProblem(code: string): { status: number; title: string } | undefined {
  return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as Code] : undefined;
}

/** The address exists, with other methods. */
export class MethodNotAllowed extends Error {
  readonly allow: string;
  constructor(allow: string) {
    super(`Use ${allow}`);
    this.name = 'MethodNotAllowed';
    this.allow = allow;
  }
}

interface Known {
  code: Code;
  detail: string;
  errors?: readonly FieldError[];
  retryAfterMs?: number | undefined;
}

/** The last middleware: turns whatever was thrown into a problem. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const known = recognise(error);
    const about = {
      err: error,
      method: request.method,
      route: String(response.locals.route ?? 'unmatched'),
      request_id: requestId(response),
    };
    if (known.code === 'internal') log.error(about, 'request failed');
    // A stream that broke off midway must look broken, not finished.
    if (response.headersSent) response.destroy();
    else send(request, response, known, error);
  };
}

function send(request: Request, response: Response, known: Known, error: unknown): void {
  const { status, title } = PROBLEMS[known.code];
  if (known.code === 'unauthorized') response.setHeader('WWW-Authenticate', 'Bearer realm="sada"');
  if (error instanceof MethodNotAllowed) response.setHeader('Allow', error.allow);
  if (known.retryAfterMs !== undefined)
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil(known.retryAfterMs / 1_000))));
  for (const name of ['Content-Disposition', 'ETag', 'Link']) response.removeHeader(name);
  const body: Problem = {
    type: `/problems/${known.code}`,
    title,
    status,
    detail: known.detail,
    instance: request.path,
    request_id: requestId(response),
    ...(known.errors?.length ? { errors: [...known.errors] } : {}),
  };
  response
    .status(status)
    .setHeader('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(body));
}

function requestId(response: Response): string {
  return String(response.locals.requestId ?? '');
}

/** SQLSTATEs of text and numbers that Postgres cannot hold: the value came with the request. */
const UNSTORABLE = new Set(['22021', '22P05', '22003', '22008']);

function recognise(error: unknown): Known {
  if (error instanceof AppError) {
    return { code: error.code, detail: error.message, errors: error.errors, retryAfterMs: error.retryAfterMs };
  }
  if (error instanceof MethodNotAllowed) return { code: 'method_not_allowed', detail: error.message };
  if (isDatabaseOutage(error))
    return { code: 'unavailable', detail: 'The database cannot be reached', retryAfterMs: 5_000 };
  const { status, code, type } = (error ?? {}) as { status?: unknown; code?: unknown; type?: unknown };
  if (code === '57014')
    return { code: 'unavailable', detail: 'The answer took too long: ask for a shorter range', retryAfterMs: 5_000 };
  if (UNSTORABLE.has(String(code))) return { code: 'invalid', detail: 'A value cannot be stored or compared' };
  if (typeof status === 'number' && status >= 400 && status < 500) return ofParser(status, String(type ?? ''));
  return { code: 'internal', detail: 'The error was logged under this request_id' };
}

function ofParser(status: number, type: string): Known {
  if (status === 413) return { code: 'too_large', detail: 'The body is larger than this address takes' };
  if (status === 415) return { code: 'unsupported_type', detail: 'Send UTF-8 JSON, plain or as gzip, deflate or br' };
  if (type === 'entity.parse.failed') return { code: 'bad_request', detail: 'The body is not valid JSON' };
  return { code: 'bad_request', detail: 'The request is malformed' };
}

/** Text that may be shown: no control characters, no half characters, not long. */
export function printable(text: string): string {
  return text
    .replace(/[\0-\x1f\x7f]/g, '�')
    .toWellFormed()
    .slice(0, 300);
}

/** The problems that zod found, each with its pointer below `prefix`: `/posts/3`, or '?' for query parameters. */
export function fieldErrors(error: z.ZodError, prefix: string): FieldError[] {
  return error.issues.flatMap((issue) => {
    const at = (path: readonly PropertyKey[]) => {
      const parts = path.map((part) => printable(String(part)));
      if (prefix === '?') return `?${parts[0] ?? ''}`;
      return `${prefix}${parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
    };
    if (issue.code !== 'unrecognized_keys') return [{ pointer: at(issue.path), detail: printable(issue.message) }];
    return issue.keys.map((key) => ({ pointer: at([...issue.path, key]), detail: 'is not known here' }));
  });
}
