/**
 * The API as an Express app: what every request passes, then the routes, then problems. api/main.ts listens with it, tests
 * on a free port. Try it: `npx sada api` and open /docs.
 */
import { randomUUID } from 'node:crypto';
import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Config } from '../shared/config.ts';
import { AppError } from '../shared/errors.ts';
import type { Queues } from '../shared/jobs.ts';
import type { Log } from '../shared/log.ts';
import { httpSeconds } from '../shared/metrics.ts';
import { createSeal } from '../shared/seal.ts';
import type { Db } from '../shared/store/db.ts';
import { createCursors } from './cursor.ts';
import { mountDocs } from './docs.ts';
import { createEvents, type Events } from './events.ts';
import { mountHealth } from './health.ts';
import { createLimiters, LIMITS, type Limits } from './limits.ts';
import { openApiDocument } from './openapi.ts';
import { problemHandler } from './problem.ts';
import { mount, type Route } from './route.ts';
import { aggregateRoutes } from './routes/aggregates.ts';
import { alertActionRoutes } from './routes/alertActions.ts';
import { alertRuleRoutes } from './routes/alertRules.ts';
import { alertRoutes } from './routes/alerts.ts';
import { auditRoutes } from './routes/audit.ts';
import { calendarRoutes } from './routes/calendar.ts';
import { channelRoutes } from './routes/channels.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import type { RouteDeps } from './routes/deps.ts';
import { eventRoutes, importRoutes } from './routes/imports.ts';
import { postRoutes } from './routes/posts.ts';
import { pushRoutes } from './routes/push.ts';
import { silenceRoutes } from './routes/silences.ts';
import { sourceRoutes } from './routes/sources.ts';
import { topicRoutes } from './routes/topics.ts';

export interface AppDeps {
  db: Db;
  log: Log;
  /** The queue, once it is connected. */
  queues: () => Pick<Queues, 'add' | 'addChunks'> | undefined;
  config: Pick<Config, 'host' | 'publicUrl' | 'corsOrigins' | 'trustProxy'>;
  /** The reporting zone. */
  zone: string;
  /** The installation's secret. */
  secret: string;
  version: string;
  now?: () => Date;
  limits?: Partial<Limits>;
  events?: { pollMs?: number; perCaller?: number; total?: number };
  /** Fails every answer that differs from its contract. */
  checkAnswers?: boolean;
}

export interface App {
  app: Express;
  routes: readonly Route[];
  /** From now on not ready; ends the event streams. */
  stop(): void;
}

/** Builds the app. Opens nothing and listens nowhere. */
export function createApp(deps: AppDeps): App {
  const { db, log, config, version } = deps;
  const events = createEvents({ db, log, pollMs: 1_000, perCaller: 5, total: 200, ...deps.events });
  const routes = allRoutes(deps, events);
  let open = true;
  const app = express();
  app
    .set('etag', false)
    .set('trust proxy', config.trustProxy || false)
    .set('query parser', 'simple');
  app.use(identify(log), security(config), crossOrigin(config.corsOrigins), compression());
  mountHealth(app, { db, host: config.host, isOpen: () => open, hasQueue: () => deps.queues() !== undefined });
  mountDocs(app, openApiDocument(routes, version));
  mount(app, routes, {
    db,
    host: config.host,
    limiters: createLimiters({ ...LIMITS, ...deps.limits }),
    now: deps.now ?? (() => new Date()),
    version,
    checkAnswers: deps.checkAnswers ?? false,
  });
  app.use(() => {
    throw new AppError('not_found', 'There is nothing at this address; see /docs');
  });
  app.use(problemHandler(log));
  const stop = () => {
    open = false;
    events.close();
  };
  return { app, routes, stop };
}

function allRoutes(deps: AppDeps, events: Events): Route[] {
  const { db, log, zone, queues } = deps;
  const given: RouteDeps = {
    ...{ db, log, zone, queues, events },
    cursors: createCursors(deps.secret),
    cursorsOf: (list) => createCursors(deps.secret, list),
    seal: createSeal(deps.secret),
    address: deps.config.publicUrl ?? null,
  };
  const groups = [
    ...[aggregateRoutes, postRoutes, pushRoutes, topicRoutes, sourceRoutes, importRoutes, eventRoutes],
    ...[
      alertRuleRoutes,
      alertRoutes,
      alertActionRoutes,
      silenceRoutes,
      channelRoutes,
      deliveryRoutes,
      calendarRoutes,
      auditRoutes,
    ],
  ];
  return groups.flatMap((group) => group(given));
}

/** Gives the request its id, and counts and logs it when it is over: route and figures, never what was asked. */
function identify(log: Log): RequestHandler {
  return (request, response, next) => {
    const given = request.get('X-Request-Id');
    const id = given !== undefined && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
    response.locals.requestId = id;
    response.setHeader('X-Request-Id', id);
    const start = performance.now();
    response.once('close', () => {
      const route = String(response.locals.route ?? 'unmatched');
      const ms = performance.now() - start;
      const { method } = request;
      const { statusCode: status } = response;
      // An event stream lasts as long as its reader likes: that is no time to answer.
      if (route !== '/v1/events') httpSeconds.observe({ method: known(method), route, status }, ms / 1_000);
      log.debug({ method, route, status, ms: Math.round(ms), request_id: id }, 'request');
    });
    next();
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'PUT', 'OPTIONS']);
const known = (method: string) => (METHODS.has(method) ? method : 'other');

function security({ publicUrl }: AppDeps['config']): RequestHandler {
  const https = publicUrl?.startsWith('https:') ?? false;
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        // Over plain http these two would break every page of a first try.
        ...(https ? { upgradeInsecureRequests: [] } : {}),
      },
    },
    strictTransportSecurity: https,
  });
}

const EXPOSED =
  'ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Idempotency-Replayed, X-Total-Count, X-Truncated, Sada-Models';

/** Lets pages of the configured origins call the API, with a key and never with cookies. */
function crossOrigin(origins: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (origins.length > 0) response.vary('Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return next();
    response.setHeader('Access-Control-Allow-Origin', origin).setHeader('Access-Control-Expose-Headers', EXPOSED);
    if (request.method !== 'OPTIONS') return next();
    response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE');
    response.setHeader(
      'Access-Control-Allow-Headers',
      'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id',
    );
    response.setHeader('Access-Control-Max-Age', '600').status(204).end();
  };
}
