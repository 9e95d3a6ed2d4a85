/** GET /v1/series and /v1/breakdown, POST /v1/query: numbers over time and by dimension. */
import { comparison, type ModelShare, measures } from '../../shared/contracts/api/common.ts';
import { QueryAnswer, QueryBody, QueryParameters } from '../../shared/contracts/api/query.ts';
import { Breakdown, BreakdownQuery, Series, SeriesQuery } from '../../shared/contracts/api/series.ts';
import { readBreakdown, readQuery } from '../../shared/store/breakdown.ts';
import { readSeries } from '../../shared/store/series.ts';
import { inSnapshot } from '../../shared/store/snapshot.ts';
import { type Input, type Route, route } from '../route.ts';
import { filtersOf, type RouteDeps } from './deps.ts';

type Asked<Q> = Input<undefined, Q, undefined>;

export function aggregateRoutes({ db, zone }: RouteDeps): Route[] {
  const series = ({ query, range, now }: Asked<SeriesQuery>) =>
    inSnapshot(db, async (tx) => {
      const filters = await filtersOf(tx, query, '?');
      return readSeries(tx, { zone, range, now, filters, compare: query.compare !== undefined, bucket: query.bucket });
    });
  const breakdown = ({ query, range, now }: Asked<BreakdownQuery>) =>
    inSnapshot(db, async (tx) => {
      const filters = await filtersOf(tx, query, '?');
      return readBreakdown(tx, { zone, range, now, filters, compare: query.compare !== undefined, by: query.by });
    });
  const composite = ({ body, range, now }: Input<undefined, unknown, QueryBody>) =>
    inSnapshot(db, async (tx) => {
      const filters = await filtersOf(tx, body.filters, '/filters/');
      return readQuery(tx, { ...body, zone, range, now, filters, compare: false });
    });
  const common = { tag: 'numbers', scope: 'read:aggregates' } as const;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/series',
      summary: 'Sentiment over time, one point a bucket',
      limit: 'read',
      tagged: true,
      schemas: { query: SeriesQuery, response: Series },
      handle: series,
      table: {
        name: 'series',
        headers: MODELS_HEADER,
        read: async (input) => {
          const { models, buckets } = await series(input);
          sayModels(input, models);
          return { columns: [...BUCKET_COLUMNS, ...compareColumns(input.query.compare)], rows: buckets };
        },
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/breakdown',
      summary: 'Sentiment by topic, language, source, kind or label',
      limit: 'read',
      tagged: true,
      schemas: { query: BreakdownQuery, response: Breakdown },
      handle: breakdown,
      table: {
        name: 'breakdown',
        headers: MODELS_HEADER,
        read: async (input) => {
          const { models, rows } = await breakdown(input);
          sayModels(input, models);
          const columns = ['key', 'name', 'share', ...Object.keys(measures), ...compareColumns(input.query.compare)];
          return { columns, rows };
        },
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/v1/query',
      summary: 'Chosen measures by at most two dimensions',
      limit: 'query',
      schemas: { query: QueryParameters, body: QueryBody, response: QueryAnswer },
      handle: composite,
      table: {
        name: 'query',
        headers: MODELS_HEADER,
        read: async (input) => {
          const { models, rows } = await composite(input);
          sayModels(input, models);
          const dimensions = input.body.by.flatMap((one) => (one === 'time' ? ['time', 'local'] : [one]));
          return { columns: [...dimensions, ...input.body.metrics], rows };
        },
      },
    }),
  ];
}

const MODELS_HEADER = {
  'Sada-Models': 'In CSV and NDJSON, what `models` says in JSON: posts by model, as `a=1200, b=30`, most posts first',
};

/** A table has no room for what is said of it as a whole. Names keep to what a header may hold. */
function sayModels({ setHeader }: Pick<Asked<unknown>, 'setHeader'>, models: readonly ModelShare[]): void {
  const parts = models.map(({ model, posts }) => `${model.replace(/[^\w.:+-]/g, '_')}=${posts}`);
  setHeader('Sada-Models', parts.join(', '));
}

const BUCKET_COLUMNS = ['start', 'local', 'utc_offset', 'hours', ...Object.keys(measures), 'complete', 'partial'];

function compareColumns(compare: 'previous' | undefined): string[] {
  if (!compare) return [];
  const { previous: _, ...change } = comparison;
  const changes = Object.keys(change).flatMap((name) =>
    name.endsWith('_ci') ? [`${name}_low`, `${name}_high`] : [name],
  );
  return [...Object.keys(measures).map((name) => `previous_${name}`), ...changes];
}
