/**
 * How channels reach the outside: one POST, guarded against addresses of the inside like the fetcher of sources, without
 * redirects and without connections that are kept. Made by workers/main.ts and `sada channels test`; sent through by the
 * kinds of channels. Try it: `createOutside({ userAgent: 'Sada/0.1', allowPrivate: [] }).post(url, {}, '{}', signal)`.
 */
import type { Socket } from 'node:net';
import { Agent, type buildConnector } from 'undici';
import { SourceError } from '../../../shared/errors.ts';
import { type Allowed, checkUrl, guardedConnector } from '../../fetch/address.ts';
import { readBody } from '../../fetch/body.ts';
import { networkFailure } from '../../fetch/failure.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 16_000;

export interface OutsideOptions {
  userAgent: string;
  /** `host:port` of private servers that may be posted to; `true` for any. */
  allowPrivate: readonly string[] | true;
  /** Mail server for channels without one of their own. */
  smtpUrl?: string | undefined;
  /** Other addresses of the services' interfaces; for tests. */
  bases?: Partial<Outside['bases']>;
}

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Its first 16 kB. */
  text: string;
}

export interface Outside {
  /** Throws Unreached. */
  post(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Answer>;
  /** A connection to a mail server of a channel's own, as guarded as the rest. Throws Unreached. */
  connect(host: string, port: number): Promise<Socket>;
  smtpUrl: string | undefined;
  bases: { slack: string; telegram: string; pagerduty: string };
  close(): Promise<void>;
}

/** No answer came. `isSure`: the message did not get through for certain. `isFinal`: trying again is no help. */
export class Unreached extends Error {
  readonly isSure: boolean;
  readonly isFinal: boolean;
  constructor(message: string, isSure: boolean, isFinal: boolean) {
    super(message);
    this.name = 'Unreached';
    this.isSure = isSure;
    this.isFinal = isFinal;
  }
}

/** Opens the way out. Call `close` at the end. */
export function createOutside({ userAgent, allowPrivate, smtpUrl, bases }: OutsideOptions): Outside {
  const allowed: Allowed =
    allowPrivate === true ? { has: () => true } : new Set(allowPrivate.map((entry) => entry.toLowerCase()));
  const connector = guardedConnector(allowed, CONNECT_TIMEOUT_MS);
  // A kept connection that the receiver has closed meanwhile would make a message fail, perhaps after it arrived.
  const agent = new Agent({ connect: connector, pipelining: 0 });
  return {
    smtpUrl,
    bases: {
      slack: 'https://slack.com/api',
      telegram: 'https://api.telegram.org',
      pagerduty: 'https://events.pagerduty.com',
      ...bases,
    },
    post: (url, headers, body, signal) =>
      post(agent, allowed, { url, headers: { 'user-agent': userAgent, ...headers }, body, signal }),
    connect: (host, port) => connect(connector, host, port),
    close: () => agent.destroy(),
  };
}

interface Ask {
  url: string;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

async function post(agent: Agent, allowed: Allowed, { url, headers, body, signal }: Ask): Promise<Answer> {
  if (!URL.canParse(url)) throw new Unreached('the address is not a web address', true, true);
  const to = new URL(url);
  try {
    checkUrl(to, allowed, 'typed');
    const response = await agent.request({
      origin: to.origin,
      path: to.pathname + to.search,
      method: 'POST',
      headers,
      body,
      signal,
    });
    const flat = flatHeaders(response.headers);
    const limits = { host: to.hostname, maxBytes: MAX_ANSWER_BYTES, cut: true };
    // The status has decided; a body that breaks off changes nothing.
    const bytes = await readBody(response.body, flat['content-encoding'], limits).catch(() => new Uint8Array());
    return { status: response.statusCode, headers: flat, text: Buffer.from(bytes).toString('utf8') };
  } catch (error) {
    throw unreached(to.hostname, error, signal);
  }
}

async function connect(connector: buildConnector.connector, host: string, port: number): Promise<Socket> {
  const hostname = host.replace(/^\[|\]$/g, '');
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const options = { hostname, host: `${host}:${port}`, protocol: 'http:', port: String(port) };
      connector(options, (error, socket) => (error ? reject(error) : resolve(socket)));
    });
  } catch (error) {
    throw unreached(host, error, undefined);
  }
}

/** Codes of errors after which the message is certainly not there. */
export const NEVER_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT)$|CERT|SIGNED|SIGNATURE|^ERR_(TLS|SSL)/;

/** Puts what was thrown on the way into plain words. */
export function unreached(host: string, error: unknown, signal: AbortSignal | undefined): Unreached {
  if (error instanceof Unreached) return error;
  if (signal?.aborted) return new Unreached(`${host} did not answer in time`, false, false);
  const failure = networkFailure(host, error);
  const isFinal = failure.code === 'private_address' || failure.code === 'bad_settings' || failure.code === 'blocked';
  const isForbidden = failure.code === 'private_address' || / uses port /.test(failure.message);
  const advice = isForbidden ? '; SADA_ALLOW_PRIVATE_WEBHOOKS can allow it' : '';
  return new Unreached(failure.message + advice, isFinal || NEVER_CONNECTED.test(codeOf(error)), isFinal);
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (!(error instanceof Error) || error instanceof SourceError) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
