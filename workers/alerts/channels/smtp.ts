/**
 * Hands a written mail to a mail server, and says in plain words what came of it. A channel's own server is reached
 * through the guarded connector; the operator's (SADA_SMTP_URL) may be inside. Called by email.ts.
 */
import type { Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { Outcome } from './channel.ts';
import { NEVER_CONNECTED, type Outside, Unreached, unreached } from './outside.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;

export interface Mail {
  from: string;
  to: readonly string[];
  raw: string;
}

/** Sends by `own`, the channel's server, or else by that of the operator. */
export async function sendMail(
  outside: Outside,
  own: string | undefined,
  mail: Mail,
  signal: AbortSignal,
): Promise<Outcome> {
  const url = own ?? outside.smtpUrl;
  if (url === undefined) {
    const says = 'there is no mail server: set SADA_SMTP_URL, or give the channel an smtp_url';
    return { result: 'later', status: null, isSure: true, says };
  }
  const server = serverOf(url);
  const connect = own === undefined ? {} : { getSocket: guarded(outside, server) };
  const transport = createTransport({ ...server, ...connect, ...LIMITS });
  try {
    const { accepted, rejected } = await transport.sendMail({
      envelope: { from: mail.from, to: [...mail.to] },
      raw: mail.raw,
      signal,
    });
    const says = `${server.host} has taken it for ${accepted.length} of ${accepted.length + rejected.length}`;
    return { result: 'sent', status: 250, says: rejected.length > 0 ? `${says}; the others were refused` : says };
  } catch (error) {
    return failure(server.host, error, signal);
  } finally {
    transport.close();
  }
}

const LIMITS = {
  connectionTimeout: CONNECT_TIMEOUT_MS,
  greetingTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  disableFileAccess: true,
  disableUrlAccess: true,
};

interface Server {
  host: string;
  port: number;
  secure: boolean;
  /** A password is not sent in the open, unless the address says `?insecure=true`: then certificates are not checked either. */
  requireTLS: boolean;
  tls: { rejectUnauthorized: boolean };
  auth?: { user: string; pass: string };
}

/** Of the address only what is named here counts: nodemailer itself would take any option from it. */
function serverOf(address: string): Server {
  const url = new URL(address);
  const secure = url.protocol === 'smtps:';
  const isInsecure = url.searchParams.get('insecure') === 'true';
  const user = decodeURIComponent(url.username);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && user !== '' && !isInsecure,
    tls: { rejectUnauthorized: !isInsecure },
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
  };
}

/** How nodemailer asks for a connection: `this` server, or why not. */
function guarded(outside: Outside, { host, port }: Server) {
  return (_options: unknown, done: (error: Error | null, socket?: { connection: Socket }) => void) => {
    outside.connect(host, port).then((connection) => done(null, { connection }), done);
  };
}

/** The answer's code decides: 4xx is for now, 5xx for good. A login that fails is mended by people, at the server or here. */
function failure(host: string, error: unknown, signal: AbortSignal): Outcome {
  if (signal.aborted) throw unreached(host, error, signal);
  if (error instanceof Unreached) throw error;
  const { code, responseCode, originalCode } = error as Record<'code' | 'originalCode', string | undefined> & {
    responseCode?: number;
  };
  const status = responseCode ?? null;
  // A connection that breaks may break after the text was taken.
  const isSure =
    status !== null ||
    /^E(AUTH|NOAUTH|DNS|TLS|CONFIG|NVELOPE)$/.test(code ?? '') ||
    NEVER_CONNECTED.test(originalCode ?? '');
  if (originalCode) throw unreached(host, Object.assign(new Error(), { code: originalCode }), undefined);
  const answers = status === null ? `${host} broke off (${code ?? 'unknown'})` : `${host} answers ${status}`;
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return { result: 'later', status, isSure, says: `${answers}: user name or password are not accepted` };
  if (code === 'ETLS' || /CERT|SIGNED/.test(code ?? ''))
    return { result: 'later', status, isSure, says: `${host} has no encryption that can be trusted` };
  if (code === 'EDNS') return { result: 'later', status, isSure, says: `the name ${host} cannot be found` };
  if (code === 'ECONFIG') return { result: 'broken', status, says: `the address of the mail server is not right` };
  if (status !== null && status >= 500)
    return { result: 'refused', status, says: `${answers}: it refuses the message or its addresses` };
  return { result: 'later', status, isSure, says: answers };
}
