/** A real HTTP server of growing RSS feeds, for tests that collect. Everything it ever announced is known. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FeedServer {
  /** host:port, for FETCH_ALLOW_PRIVATE. */
  host: string;
  url(feed: number): string;
  /** Adds items to a feed, as a newsroom would. */
  publish(feed: number, count: number): void;
  /** How many items were published. */
  published(): number;
  close(): Promise<void>;
}

/** Serves `feeds` feeds, each with everything it published (feeds of newsrooms keep the last few hundred). */
export async function startFeedServer(feeds: number): Promise<FeedServer> {
  const items: string[][] = Array.from({ length: feeds }, () => []);
  let total = 0;
  const server = createServer((request, response) => {
    const feed = Number(/^\/feed\/(\d+)$/.exec(request.url ?? '')?.[1] ?? Number.NaN);
    const list = items[feed];
    if (!list) return void response.writeHead(404).end();
    const etag = `"${feed}-${list.length}"`;
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
    response.writeHead(200, { 'content-type': 'application/rss+xml; charset=utf-8', etag });
    response.end(
      `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Feed ${feed}</title><link>http://example.ma/</link>${list.join('')}</channel></rss>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: (feed) => `http://${host}/feed/${feed}`,
    publish(feed, count) {
      for (let i = 0; i < count; i++) {
        total += 1;
        const date = new Date(Date.now() - (total % 72) * 3_600_000).toUTCString();
        items[feed]?.unshift(
          `<item><title>The data center number ${total} is great news</title><guid isPermaLink="false">feed-${feed}-item-${items[feed]?.length}</guid><pubDate>${date}</pubDate><description>Cloud and jobs in Casablanca, item ${total}. Water is scarce.</description></item>`,
        );
      }
    },
    published: () => total,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
