/**
 * A web server on a free port of 127.0.0.1 for tests of what fetches: the test gives one handler, which may be evil.
 * Called by tests/unit/fetch-*.test.ts and feed-*.test.ts. Try it: `const site = await serve((_req, res) => res.end('x'))`.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Site {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  url: string;
  /** As in the list of allowed private servers. */
  hostAndPort: string;
  /** Paths asked for, in order. */
  asked: string[];
  close(): Promise<void>;
}

export async function serve(handler: RequestListener): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.on('error', () => {});
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    hostAndPort: `127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
