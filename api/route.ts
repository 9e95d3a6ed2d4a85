/**
 * A route is one object: its validation, its types and its OpenAPI entry. `mount` puts routes on the app and does for all
 * of them what no handler should think of: access, limits, formats, bodies, tags of unchanged answers.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Period, Scope } from '../shared/contracts/api/common.ts';
import { AppError } from '../shared/errors.ts';
import { HOUR_MS, type TimeRange } from '../shared/store/buckets.ts';
import type { Db } from '../shared/store/db.ts';
import { readVersion } from '../shared/store/version.ts';
import { authenticate, type Caller, requireScope } from './auth.ts';
import { type Format, negotiate, sendTable, type Table } from './formats.ts';
import type { Bucket, createLimiters } from './limits.ts';
import { MethodNotAllowed } from './problem.ts';
import { type AskedRange, resolveRange } from './range.ts';
import { check, readQuery, refuse } from './read.ts';
import { textProblems } from './text.ts';

type Schema = z.ZodType | undefined;
type Out<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler gets: checked values, and who asks. */
export interface Input<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  caller: Caller;
  /** Resolved from `from`, `to` and `period` of the query or the body; the last 7 days where there are none. */
  range: TimeRange & { period: Period | null };
  now: Date;
  /** Path and query as they were asked. */
  url: string;
  header(name: string): string | undefined;
  setHeader(name: string, value: string): void;
  /** SHA-256 of the body as it was sent. */
  bodyHash: string;
}

interface Spec<P extends Schema, Q extends Schema, B extends Schema, R extends Schema> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{id}` for parameters, as in OpenAPI. */
  path: string;
  summary: string;
  tag: string;
  scope: Scope;
  limit: Bucket;
  schemas: { params?: P; query?: Q; body?: B; response?: R };
  answers?: 'ok' | 'created' | 'accepted' | 'no_content';
  /** Depends on nothing but posts, sources and time: carries an ETag from the data version. */
  tagged?: boolean;
  /** Takes If-Match with the version that was seen (api/ifMatch.ts): said in the OpenAPI document. */
  conditional?: boolean;
  /** `from` and `to` are no range of posts: the route reads them itself. */
  ownTimes?: boolean;
  /** Largest body in bytes; 256 kB by default. */
  bodyLimit?: number;
  /** The handler checks the texts of the body itself, item by item. */
  checksTexts?: boolean;
  /** The same answer as CSV and NDJSON; `name` begins the file's name. */
  table?: {
    name: string;
    /** Headers of its own that `read` sets, each with what it says. */
    headers?: Readonly<Record<string, string>>;
    read(input: Input<Out<P>, Out<Q>, Out<B>>): Promise<Table>;
  };
  /** Answers by itself, without end. */
  stream?(request: Request, response: Response, input: Input<Out<P>, Out<Q>, Out<B>>): Promise<void>;
  handle?(input: Input<Out<P>, Out<Q>, Out<B>>): Promise<R extends z.ZodType ? z.input<R> : undefined>;
}

/** A route without its types: what `mount` and the OpenAPI document work with. */
export type Route = Spec<z.ZodType, z.ZodType, z.ZodType, z.ZodType>;

/** Makes a route; the types of its handler come from its schemas. */
export function route<
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
  R extends Schema = undefined,
>(spec: Spec<P, Q, B, R>): Route {
  return spec as unknown as Route;
}

export interface MountDeps {
  db: Db;
  host: string;
  limiters: ReturnType<typeof createLimiters>;
  now: () => Date;
  /** In the tag: another program may answer the same data in other words. */
  version: string;
  /** Checks every answer against its contract and fails when it differs: for tests. */
  checkAnswers: boolean;
}

/** Puts the routes on the app. Other methods of their paths get 405 with Allow. */
export function mount(app: Express, routes: readonly Route[], deps: MountDeps): void {
  const paths = new Map<string, string[]>();
  for (const one of routes) {
    const path = one.path.replace(/\{(\w+)\}/g, ':$1');
    const allowed = one.method === 'get' ? ['GET', 'HEAD'] : [one.method.toUpperCase()];
    paths.set(path, [...(paths.get(path) ?? []), ...allowed]);
    app[one.method](
      path,
      mark(one),
      deps.limiters.failed,
      authenticate(deps),
      access(one),
      limit(one, deps),
      body(one),
      answer(one, deps),
    );
  }
  for (const [path, methods] of paths) {
    app.all(path, () => {
      throw new MethodNotAllowed(methods.join(', '));
    });
  }
}

const mark =
  (one: Route): RequestHandler =>
  (_request, response, next) => {
    response.locals.route = one.path;
    next();
  };

const access =
  (one: Route): RequestHandler =>
  (request, response, next) => {
    requireScope(response.locals.caller, one.scope);
    const asked = new URLSearchParams(request.url.split('?')[1]).get('format') ?? undefined;
    response.locals.format = one.stream ? 'json' : negotiate(request, asked, one.table !== undefined);
    if (one.table) response.vary('Accept');
    next();
  };

const limit =
  (one: Route, { limiters }: MountDeps): RequestHandler =>
  (request, response, next) =>
    limiters[response.locals.format === 'json' ? one.limit : 'export'](request, response, next);

/** Reads a JSON body; anything else is refused, since a page of another site can send other types without asking. */
function body(one: Route): RequestHandler {
  if (one.method === 'get') return (_request, _response, next) => next();
  const read = express.json({
    limit: one.bodyLimit ?? 256 * 1024,
    type: () => true,
    verify: (request, _response, bytes) => {
      (request as Request & { bodyHash?: string }).bodyHash = createHash('sha256').update(bytes).digest('hex');
    },
  });
  return (request, response, next) => {
    const type = request.headers['content-type'];
    const sent =
      request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
    if ((type !== undefined || sent) && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
      throw new AppError('unsupported_type', 'Send the body as application/json');
    }
    if (sent) read(request, response, next);
    else next();
  };
}

function answer(one: Route, deps: MountDeps): RequestHandler {
  return async (request, response) => {
    const input = toInput(one, request, response, deps.now());
    const format = response.locals.format as Format;
    response.setHeader('Cache-Control', one.tagged ? 'private, no-cache' : 'no-store');
    if (one.tagged && (await isUnchanged(one, deps, request, response, input, format))) return;
    if (one.stream) return one.stream(request, response, input);
    if (one.table && format !== 'json') {
      const table = await one.table.read(input);
      return sendTable(response, format, `sada-${one.table.name}-${input.now.toISOString().slice(0, 10)}`, table);
    }
    const result = await one.handle?.(input);
    if (deps.checkAnswers) checkAnswer(one, result);
    response.status({ ok: 200, created: 201, accepted: 202, no_content: 204 }[one.answers ?? 'ok']);
    if (result === undefined) response.end();
    else response.json(result);
  };
}

/** Sets the tag, and answers 304 when the reader has it: before anything is read but the data version. */
async function isUnchanged(
  one: Route,
  deps: MountDeps,
  request: Request,
  response: Response,
  input: RawInput,
  format: Format,
): Promise<boolean> {
  const version = await readVersion(deps.db);
  const { from, to } = input.range;
  // While the range holds the running hour, `partial` changes with the hour and not with the data.
  const hour = to > input.now ? Math.floor(input.now.getTime() / HOUR_MS) : 0;
  const asked = JSON.stringify(Object.entries(input.query ?? {}).toSorted());
  const parts = [
    deps.version,
    version,
    one.path,
    request.path,
    asked,
    from.getTime(),
    to.getTime(),
    hour,
    format,
    [...input.caller.scopes].toSorted().join(),
  ];
  const tag = `W/"${createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 24)}"`;
  response.setHeader('ETag', tag);
  const known = (request.headers['if-none-match'] ?? '').split(',').map((part) => part.trim().replace(/^W\//, ''));
  if (!known.includes(tag.slice(2)) && !known.includes('*')) return false;
  response.status(304).end();
  return true;
}

type RawInput = Input<unknown, unknown, unknown>;

function toInput(one: Route, request: Request, response: Response, now: Date) {
  const params = one.schemas.params?.safeParse({ ...request.params });
  if (params && !params.success) throw new AppError('not_found', 'There is nothing under this id');
  const query = check(one.schemas.query ?? z.strictObject({}), readQuery(request.url), '?');
  const sent: unknown = request.body;
  if (!one.checksTexts) refuse(textProblems(sent));
  if (one.schemas.body && sent === undefined) throw new AppError('bad_request', 'A JSON body is needed');
  const read = one.schemas.body ? check(one.schemas.body, sent, '') : check(z.strictObject({}).optional(), sent, '');
  const asked = (one.ownTimes ? {} : one.schemas.body ? read : query) as AskedRange;
  const input: RawInput = {
    params: params?.data,
    query,
    body: read,
    caller: response.locals.caller,
    range: resolveRange(asked, now, one.schemas.body ? '/' : '?'),
    now,
    url: request.originalUrl,
    header: (name) => request.get(name),
    setHeader: (name, value) => response.setHeader(name, value),
    bodyHash: (request as Request & { bodyHash?: string }).bodyHash ?? '',
  };
  return input as Input<never, never, never>;
}

function checkAnswer(one: Route, result: unknown): void {
  const sent: unknown = result === undefined ? undefined : JSON.parse(JSON.stringify(result));
  const parsed = (one.schemas.response ?? z.undefined()).parse(sent);
  if (!isDeepStrictEqual(parsed, sent)) throw new Error(`${one.path} answers more than its contract says`);
}
