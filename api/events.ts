/**
 * Live updates as server-sent events. The id of an event is its data version, which grows in the order of commits: a
 * reader that comes back with Last-Event-ID misses nothing. One poll a second serves all readers, and none without any.
 */
import type { Request, Response } from 'express';
import { AppError } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { sseClients } from '../shared/metrics.ts';
import type { Db } from '../shared/store/db.ts';
import { type LoggedEvent, oldestLogged, readEvents, readVersion } from '../shared/store/version.ts';

const PING_MS = 15_000;
/** A stream ends after an hour: the reader comes back, and a revoked key does not. */
const LIFETIME_MS = 3_600_000;
const PAGE = 500;
/** Bytes that wait for a slow reader before it is dropped; it resumes where it was. */
const SLOW_BYTES = 1_048_576;
const RETRY = 'retry: 2000\n\n';

interface Client {
  who: string;
  response: Response;
  /** Last version written. */
  sent: number;
}

export interface EventsOptions {
  db: Db;
  log: Log;
  pollMs: number;
  perCaller: number;
  total: number;
}

export interface Events {
  /** Answers one reader until it goes, or until `close`. */
  serve(request: Request, response: Response, who: string, after: number | undefined): Promise<void>;
  /** Ends all streams with a last `retry`. */
  close(): void;
}

export function createEvents({ db, log, pollMs, perCaller, total }: EventsOptions): Events {
  const clients = new Set<Client>();
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function poll(): Promise<void> {
    try {
      const events = await readEvents(db, seen, PAGE);
      for (const event of events) for (const client of clients) send(client, event);
      seen = events.at(-1)?.version ?? seen;
    } catch (err) {
      log.warn({ err }, 'events cannot be read'); // the readers wait; what happens meanwhile is in the log
    }
    timer = clients.size > 0 && !closed ? setTimeout(poll, pollMs) : undefined;
  }

  function join(client: Client): void {
    if (clients.size === 0) seen = client.sent;
    clients.add(client);
    timer ??= setTimeout(poll, pollMs);
  }

  /** Writes what the reader missed. Joins only when it has all that the poll has seen, so that nothing falls between. */
  async function catchUp(client: Client): Promise<void> {
    for (;;) {
      const events = await readEvents(db, client.sent, PAGE);
      for (const event of events) send(client, event);
      if (events.length === 0 && (clients.size === 0 || client.sent >= seen)) return;
      if (client.response.destroyed) return;
    }
  }

  async function serve(request: Request, response: Response, who: string, after: number | undefined): Promise<void> {
    admit(who);
    const client: Client = { who, response, sent: 0 };
    waiting.add(client);
    try {
      const start = await startOf(db, after);
      response.status(200).set({
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
      });
      response.write(RETRY);
      client.sent = start.from;
      if (start.reset) response.write(frame('reset', start.from, { version: start.from }));
      response.flushHeaders();
      if (request.method === 'HEAD') return void response.end();
      await catchUp(client);
      if (response.destroyed || closed) return void response.end();
      join(client);
    } finally {
      waiting.delete(client);
      sseClients.set(clients.size);
    }
    await untilClosed(response);
    clients.delete(client);
    sseClients.set(clients.size);
  }

  const waiting = new Set<Client>();

  function admit(who: string): void {
    const open = [...clients, ...waiting];
    if (closed) throw new AppError('unavailable', 'The API is stopping', { retryAfterMs: 2_000 });
    if (open.length >= total)
      throw new AppError('unavailable', `All ${total} event streams are taken`, { retryAfterMs: 30_000 });
    if (open.filter((client) => client.who === who).length >= perCaller) {
      throw new AppError('too_many', `At most ${perCaller} event streams at a time`, { retryAfterMs: 30_000 });
    }
  }

  function close(): void {
    closed = true;
    clearTimeout(timer);
    for (const client of [...clients, ...waiting]) client.response.end(RETRY);
  }

  return { serve, close };
}

/** Where a stream begins. A version that the log no longer has, or never had, cannot be resumed: the reader must reload. */
async function startOf(db: Db, after: number | undefined): Promise<{ from: number; reset: boolean }> {
  const [oldest, version] = [await oldestLogged(db), await readVersion(db)];
  if (after === undefined) return { from: version, reset: false };
  const missed = after < version && (oldest === undefined || after < oldest - 1);
  return missed || after > version ? { from: version, reset: true } : { from: after, reset: false };
}

function send(client: Client, event: LoggedEvent): void {
  if (event.version <= client.sent || client.response.destroyed || client.response.writableEnded) return;
  client.response.write(frame(event.event, event.version, { version: event.version, at: event.at, ...event.payload }));
  client.sent = event.version;
  if (client.response.writableLength > SLOW_BYTES) client.response.destroy();
}

function frame(name: string, id: number, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function untilClosed(response: Response): Promise<void> {
  const ping = setInterval(() => response.write(': ping\n\n'), PING_MS);
  const end = setTimeout(() => response.end(RETRY), LIFETIME_MS);
  end.unref();
  return new Promise((resolve) => {
    response.once('close', () => {
      clearInterval(ping);
      clearTimeout(end);
      resolve();
    });
  });
}
