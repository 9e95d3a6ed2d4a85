/**
 * Real receivers of alerts on 127.0.0.1: an HTTP server that records what it gets and answers as the test says, and a mail
 * server. Used by tests/integration/alerts-deliver.test.ts and alerts-receivers.test.ts.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What to do with a request; a status alone, a whole answer, or something worse. */
export type Answering = (received: Received, response: ServerResponse, nth: number) => void;

export interface Receiver {
  url: string;
  hostAndPort: string;
  received: Received[];
  /** As JSON. */
  bodies(): Record<string, unknown>[];
  answer(how: Answering): void;
  close(): Promise<void>;
}

export const status =
  (code: number, headers: Record<string, string> = {}, body: unknown = ''): Answering =>
  (_received, response) =>
    void response.writeHead(code, headers).end(typeof body === 'string' ? body : JSON.stringify(body));

/** The first `k` requests get `before`, the rest `after`. */
export const first =
  (k: number, before: Answering, after: Answering): Answering =>
  (received, response, nth) =>
    (nth < k ? before : after)(received, response, nth);

export const hang: Answering = () => undefined;
export const breakOff: Answering = (_received, response) => void response.socket?.destroy();

export async function startReceiver(how: Answering = status(204)): Promise<Receiver> {
  let answering = how;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    response.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(one);
      answering(one, response, received.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    hostAndPort: `127.0.0.1:${port}`,
    received,
    bodies: () => received.map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    answer(next) {
      answering = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Checks a signature of Standard Webhooks by the book, not by the library that made it. Which secrets fit. */
export function fittingSecrets({ headers, body }: Received, secrets: readonly string[]): string[] {
  const given = String(headers['webhook-signature']).split(' ');
  return secrets.filter((secret) => {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    return given.includes(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  });
}

export interface MailServer {
  url: string;
  hostAndPort: string;
  mails: { parsed: ParsedMail; raw: string; to: string[] }[];
  /** Every text that was handed over, also those that were refused then. */
  attempts: string[];
  /** Asked with each text; a code refuses it. */
  judge(how: (raw: string) => number | undefined): void;
  /** Refuses the next recipients or texts with this code. */
  refuse(at: 'rcpt' | 'data' | undefined, code?: number): void;
  close(): Promise<void>;
}

/** A mail server without encryption; with `auth` it wants that user and password. */
export async function startMailServer(auth?: { user: string; pass: string }): Promise<MailServer> {
  const mails: MailServer['mails'] = [];
  const attempts: string[] = [];
  let judging: (raw: string) => number | undefined = () => undefined;
  let refusing: { at?: 'rcpt' | 'data' | undefined; code: number } = { code: 451 };
  const refusal = () => Object.assign(new Error('not now'), { responseCode: refusing.code });
  const server = new SMTPServer({
    disabledCommands: auth ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    authOptional: auth === undefined,
    allowInsecureAuth: true,
    onAuth(given, _session, done) {
      if (given.username === auth?.user && given.password === auth?.pass) done(null, { user: given.username });
      else done(new Error('wrong'));
    },
    onRcptTo: (_address, _session, done) => done(refusing.at === 'rcpt' ? refusal() : null),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks);
        attempts.push(raw.toString('utf8'));
        if (refusing.at === 'data') return done(refusal());
        const code = judging(raw.toString('utf8'));
        if (code !== undefined) return done(Object.assign(new Error('not now'), { responseCode: code }));
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ parsed: await simpleParser(raw), raw: raw.toString('utf8'), to });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  const login = auth ? `${auth.user}:${auth.pass}@` : '';
  return {
    url: `smtp://${login}127.0.0.1:${port}${auth ? '/?insecure=true' : ''}`,
    hostAndPort: `127.0.0.1:${port}`,
    mails,
    attempts,
    judge(how) {
      judging = how;
    },
    refuse(at, code = 451) {
      refusing = { at, code };
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
