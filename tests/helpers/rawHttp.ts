/** Requests as no HTTP client would send them. Called by tests/e2e/bad-input.test.ts. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BadRequest } from './badRequests.ts';
import type { Reply } from './client.ts';

const GIVE_UP_MS = 30_000;

/** Sends a request as it is, to the letter of its path and its headers. Waits and repeats when it is told to slow down. */
export async function sendAsIs(url: string, sent: BadRequest): Promise<Pick<Reply, 'status' | 'text' | 'body'>> {
  for (;;) {
    const reply = await once(url, sent);
    if (reply.status !== 429) return reply;
    await sleep(Number(reply.retryAfter ?? 1) * 1_000);
  }
}

function once(url: string, { method, path, headers = {}, body }: BadRequest) {
  const { hostname, port } = new URL(url);
  return new Promise<Pick<Reply, 'status' | 'text' | 'body'> & { retryAfter: string | undefined }>(
    (resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const asked = request(
        { hostname, port, method, path, headers: { ...length, ...headers }, agent: false, timeout: GIVE_UP_MS },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const isProblem = /problem\+json/.test(response.headers['content-type'] ?? '');
            resolve({
              status: response.statusCode ?? 0,
              text,
              body: isProblem ? JSON.parse(text) : undefined,
              retryAfter: response.headers['retry-after'],
            });
          });
        },
      );
      asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
      asked.on('error', reject);
      asked.end(body);
    },
  );
}

/** Writes bytes to the API and hangs up a moment later; resolves with the status of the answer, if there was one. */
export function sendBytes(url: string, bytes: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(Buffer.from(bytes, 'latin1'));
      setTimeout(() => socket.end(), 500);
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]) || undefined));
    socket.setTimeout(GIVE_UP_MS, () => socket.destroy());
  });
}
