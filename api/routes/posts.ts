/** GET /v1/posts and /v1/posts/{id}: the posts behind the numbers. */
import { type Post, PostDetail, PostPage, PostsQuery } from '../../shared/contracts/api/posts.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import { AppError } from '../../shared/errors.ts';
import { countPosts, findPost, listPosts, type PagePosition, type PostSearch } from '../../shared/store/postReads.ts';
import type { TableRow } from '../formats.ts';
import { type Input, type Route, route } from '../route.ts';
import { filtersOf, type RouteDeps } from './deps.ts';

/** Most rows of a CSV or NDJSON answer, and how many are read at a time. */
const MOST_ROWS = 100_000;
const EXPORT_PAGE = 1_000;

const COLUMNS = [
  ...[
    'id',
    'published_at',
    'local',
    'utc_offset',
    'site',
    'source_id',
    'source_name',
    'kind',
    'title',
    'text',
    'url',
    'language',
  ],
  ...['label', 'model_label', 'human_label', 'score', 'probability', 'topics', 'reach', 'thread', 'author', 'revision'],
];

export function postRoutes(deps: RouteDeps): Route[] {
  const { db, zone, cursors } = deps;
  const common = { method: 'get', tag: 'posts', scope: 'read:posts', limit: 'read', tagged: true } as const;
  const searchOf = async ({ query, range }: Asked): Promise<PostSearch> => ({
    zone,
    range: { from: range.from, to: range.to },
    filters: await filtersOf(db, query, '?'),
    contains: query.q,
  });
  return [
    route({
      ...common,
      path: '/v1/posts',
      summary: 'Posts, newest first',
      schemas: { query: PostsQuery, response: PostPage },
      handle: async (input) => {
        const after = input.query.cursor === undefined ? undefined : cursors.read(input.query.cursor);
        const search = await searchOf(input);
        const { posts, next } = await listPosts(db, search, input.query.limit, after);
        const cursor = next ? cursors.write(next) : null;
        if (cursor) input.setHeader('Link', `<${nextUrl(input, search, cursor)}>; rel="next"`);
        return {
          range: { from: search.range.from.toISOString(), to: search.range.to.toISOString() },
          ...(input.query.include === 'total' ? { total: await countPosts(db, search) } : {}),
          next_cursor: cursor,
          posts,
        };
      },
      table: {
        name: 'posts',
        read: async (input) => {
          const search = await searchOf(input);
          const total = await countPosts(db, search);
          input.setHeader('X-Total-Count', String(total));
          if (total > MOST_ROWS) input.setHeader('X-Truncated', String(MOST_ROWS));
          return { columns: COLUMNS, rows: allPosts(deps, search) };
        },
      },
    }),
    route({
      ...common,
      path: '/v1/posts/{id}',
      summary: 'One post, with its entities and what its score is made of',
      schemas: { params: IdParams, response: PostDetail },
      handle: async ({ params }) => {
        const post = await findPost(db, zone, Number(params.id));
        if (!post) throw new AppError('not_found', 'There is no such post');
        return post;
      },
    }),
  ];
}

type Asked = Input<undefined, PostsQuery, undefined>;

async function* allPosts({ db }: RouteDeps, search: PostSearch): AsyncGenerator<TableRow> {
  let after: PagePosition | undefined;
  for (let read = 0; read < MOST_ROWS; read += EXPORT_PAGE) {
    const { posts, next } = await listPosts(db, search, EXPORT_PAGE, after);
    yield* posts.map(toRow);
    if (!next) return;
    after = next;
  }
}

function toRow(post: Post): TableRow {
  return { ...post, topics: post.topics.map(({ topic }) => topic) };
}

/** The next page of this very list: a period is written out, so that it does not move between two pages. */
function nextUrl({ url }: Asked, { range }: PostSearch, cursor: string): string {
  const [path = '', query = ''] = url.split('?');
  const next = new URLSearchParams(query);
  next.delete('period');
  next.set('from', range.from.toISOString());
  next.set('to', range.to.toISOString());
  next.set('cursor', cursor);
  return `${path}?${next}`;
}
