/**
 * Limits per minute, in four separate buckets, by API key or by address (an IPv6 network of /56). Counted in this process:
 * behind several API processes each counts its own. Headers as in draft-ietf-httpapi-ratelimit-headers, version 8.
 */
import type { RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { AppError } from '../shared/errors.ts';
import type { Caller } from './auth.ts';

export type Bucket = 'read' | 'query' | 'write' | 'export';
export type Limits = Record<Bucket | 'failed', number>;

/** Requests a minute. `failed` are those with a wrong key, or without one where it is needed. */
export const LIMITS: Limits = { read: 600, query: 240, write: 120, export: 30, failed: 60 };

const MINUTE_MS = 60_000;

/** Who a limit counts for: the key, or the address of who has none. */
export function limitKey(response: Response): string {
  const caller = response.locals.caller as Caller | undefined;
  return caller && caller.id !== 'local' ? `key:${caller.id}` : ipKeyGenerator(response.req.ip ?? '', 56);
}

/** One limiter a bucket, and one before the key is looked up, which counts only refusals. */
export function createLimiters(limits: Limits): Record<Bucket | 'failed', RequestHandler> {
  const refuse: RequestHandler = (_request, response, next) => {
    const seconds = Number(response.getHeader('Retry-After') ?? 60);
    next(new AppError('too_many', 'The limit of this minute is reached', { retryAfterMs: seconds * 1_000 }));
  };
  const of = (name: Bucket) =>
    rateLimit({
      windowMs: MINUTE_MS,
      limit: limits[name],
      identifier: name,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      keyGenerator: (_request, response) => limitKey(response as Response),
      handler: refuse,
      validate: false,
    });
  const failed = rateLimit({
    windowMs: MINUTE_MS,
    limit: limits.failed,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (request) => ipKeyGenerator(request.ip ?? '', 56),
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, response) => response.statusCode !== 401,
    handler: refuse,
    validate: false,
  });
  return { read: of('read'), query: of('query'), write: of('write'), export: of('export'), failed };
}
