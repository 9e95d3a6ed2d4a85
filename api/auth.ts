/**
 * Who asks: an API key, or this machine itself. Without a key only requests that cannot come from elsewhere are let in:
 * not through a proxy, not from another site's page in a browser here (its Origin), not by a name that was made to point
 * here (its Host). api/route.ts runs `authenticate` before every route under /v1.
 */
import type { Request, RequestHandler } from 'express';
import { Scope } from '../shared/contracts/api/common.ts';
import { AppError } from '../shared/errors.ts';
import { findKey } from '../shared/store/apiKeys.ts';
import type { Db } from '../shared/store/db.ts';

export interface Caller {
  /** Public part of the key, or `local`. */
  id: string;
  /** Of the key, or `local`: what the audit log says of who did it. */
  name: string;
  scopes: readonly Scope[];
}

const LOCAL: Caller = { id: 'local', name: 'local', scopes: Scope.options };
const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const FORWARDED = /^(x-forwarded-|forwarded$|via$|x-real-ip$)/;

/** True for an address that only this machine can use. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::1$|127\.|::ffff:127\.)/.test(address);
}

/** True when a name to listen on is loopback. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopback(host);
}

/** Why a request without a key is refused; undefined when it may pass. */
export function whyNotLocal(request: Pick<Request, 'headers' | 'socket'>, listenHost: string): string | undefined {
  const { host = '', origin } = request.headers;
  if (!isLoopbackHost(listenHost)) return 'this API listens beyond its own machine';
  if (!isLoopback(request.socket.remoteAddress)) return 'the request comes from another machine';
  if (Object.keys(request.headers).some((name) => FORWARDED.test(name))) return 'the request was forwarded';
  if (!LOOPBACK_HOST.test(host)) return 'the Host header names another host';
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    return "the request comes from another site's page";
  return undefined;
}

/** Finds out who asks and leaves it in `response.locals.caller`. Throws `unauthorized`. */
export function authenticate(deps: { db: Db; host: string }): RequestHandler {
  return async (request, response, next) => {
    response.locals.caller = await identify(deps, request);
    next();
  };
}

async function identify({ db, host }: { db: Db; host: string }, request: Request): Promise<Caller> {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    const reason = whyNotLocal(request, host);
    if (reason)
      throw new AppError('unauthorized', `An API key is needed (Authorization: Bearer sada_live_…), since ${reason}`);
    return LOCAL;
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const key = token === undefined ? undefined : await findKey(db, token);
  if (!key) throw new AppError('unauthorized', 'The API key is wrong, expired or revoked');
  return { id: key.public_part, name: key.name, scopes: key.scopes };
}

/** True when a caller has the scope. */
export function mayDo(caller: Caller, scope: Scope): boolean {
  return caller.scopes.includes(scope) || caller.scopes.includes('admin');
}

/** Throws `forbidden`, naming the scope that the caller lacks. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (mayDo(caller, scope)) return;
  throw new AppError('forbidden', `The API key lacks the scope ${scope}`);
}
