/** /v1/sources: where posts come from and how each source fares; adding, changing, running and removing one. */
import {
  IdParams,
  NewSourceBody,
  RunAnswer,
  Source,
  SourceList,
  SourcePatchBody,
} from '../../shared/contracts/api/sources.ts';
import { AppError } from '../../shared/errors.ts';
import { siteOf } from '../../shared/site.ts';
import { inTransaction, type Tx } from '../../shared/store/db.ts';
import {
  createSource,
  deleteSource,
  findSource,
  listSources,
  makeDue,
  type SourcePatch,
  type SourceRow,
  updateSource,
} from '../../shared/store/sources.ts';
import { bumpVersion } from '../../shared/store/version.ts';
import { localTimes } from '../../shared/store/zones.ts';
import { type Route, route } from '../route.ts';
import { type RouteDeps, tellQueue } from './deps.ts';

export function sourceRoutes(deps: RouteDeps): Route[] {
  const write = { tag: 'sources', scope: 'write:sources', limit: 'write' } as const;
  return [
    route({
      method: 'get',
      path: '/v1/sources',
      summary: 'Sources, their health and their next run',
      tag: 'sources',
      scope: 'read:aggregates',
      limit: 'read',
      schemas: { response: SourceList },
      handle: async () => ({ zone: deps.zone, sources: await describeAll(deps, await listSources(deps.db)) }),
    }),
    route({
      method: 'get',
      path: '/v1/sources/{id}',
      summary: 'One source',
      tag: 'sources',
      scope: 'read:aggregates',
      limit: 'read',
      schemas: { params: IdParams, response: Source },
      handle: async ({ params }) => describe(deps, found(await findSource(deps.db, toId(params.id)))),
    }),
    route({
      ...write,
      method: 'post',
      path: '/v1/sources',
      summary: 'Add a feed; its first run starts at once',
      answers: 'created',
      schemas: { body: NewSourceBody, response: Source },
      handle: async ({ body, setHeader }) => {
        const site = siteOf(body.url) ?? new URL(body.url).host;
        const source = await changing(deps, (tx) =>
          createSource(tx, {
            kind: body.kind,
            name: body.name ?? site,
            site,
            settings: { url: body.url },
            keep: body.keep,
            everyMinutes: body.every_minutes,
          }),
        );
        await runNow(deps, source.id);
        setHeader('Location', `/v1/sources/${source.id}`);
        return describe(deps, source);
      },
    }),
    route({
      ...write,
      method: 'patch',
      path: '/v1/sources/{id}',
      summary: 'Rename, pause, resume, change how often or what to keep',
      schemas: { params: IdParams, body: SourcePatchBody, response: Source },
      handle: async ({ params, body }) => {
        const id = toId(params.id);
        const source = await changing(deps, async (tx) => {
          const { every_minutes } = found(await findSource(tx, id));
          if (every_minutes === null && body.every_minutes !== undefined) {
            throw new AppError('invalid', 'Some values are wrong', {
              errors: [{ pointer: '/every_minutes', detail: 'this source is not polled' }],
            });
          }
          return found(await updateSource(tx, id, body as SourcePatch));
        });
        return describe(deps, source);
      },
    }),
    route({
      ...write,
      method: 'delete',
      path: '/v1/sources/{id}',
      summary: 'Remove a source that brought no posts',
      answers: 'no_content',
      schemas: { params: IdParams },
      handle: async ({ params }) => {
        const id = toId(params.id);
        await inTransaction(deps.db, async (tx) => {
          if (!(await deleteSource(tx, id))) found(undefined);
          await bumpVersion(tx, { event: 'source', payload: { source_id: id } });
        });
        return undefined;
      },
    }),
    route({
      ...write,
      method: 'post',
      path: '/v1/sources/{id}/run',
      summary: 'Collect now',
      answers: 'accepted',
      schemas: { params: IdParams, response: RunAnswer },
      handle: async ({ params }) => {
        const source = found(await findSource(deps.db, toId(params.id)));
        if (source.every_minutes === null)
          throw new AppError('conflict', 'This source is not polled: its posts are handed over');
        if (source.state === 'paused') throw new AppError('conflict', 'This source is paused: resume it first');
        await makeDue(deps.db, source.id);
        if (!(await runNow(deps, source.id)))
          throw new AppError('unavailable', 'The queue cannot be reached', { retryAfterMs: 5_000 });
        return { source: source.id, queued: true as const };
      },
    }),
  ];
}

function toId(id: string): number {
  const value = Number(id);
  return value > 2_147_483_647 ? 0 : value; // no source has the id 0
}

function found(source: SourceRow | undefined): SourceRow {
  if (!source) throw new AppError('not_found', 'There is no such source');
  return source;
}

/** Changes a source and tells the readers of events in one transaction. */
function changing(deps: RouteDeps, work: (tx: Tx) => Promise<SourceRow>): Promise<SourceRow> {
  return inTransaction(deps.db, async (tx) => {
    const source = await work(tx);
    await bumpVersion(tx, { event: 'source', payload: { source_id: source.id } });
    return source;
  });
}

function runNow(deps: RouteDeps, id: number): Promise<boolean> {
  return tellQueue(deps, (queues) => queues.add('collect', { source_id: id }, `run-${id}`));
}

async function describe(deps: RouteDeps, source: SourceRow): Promise<Source> {
  const [local] = source.next_run_at ? await localTimes(deps.db, deps.zone, [source.next_run_at]) : [];
  return toSource(source, local ?? null);
}

async function describeAll({ db, zone }: RouteDeps, sources: readonly SourceRow[]): Promise<Source[]> {
  const due = sources.filter((source) => source.next_run_at !== null);
  const locals = await localTimes(
    db,
    zone,
    due.map((source) => source.next_run_at ?? source.created_at),
  );
  const local = new Map(due.map((source, index) => [source.id, locals[index]]));
  return sources.map((source) => toSource(source, local.get(source.id) ?? null));
}

const iso = (at: Date | null) => at?.toISOString() ?? null;

function toSource(source: SourceRow, nextLocal: string | null): Source {
  const { id, kind, name, site, keep, every_minutes, state, sample, failures, error, notes, counts, settings } = source;
  const health = state === 'paused' ? 'paused' : failures > 0 ? 'failing' : source.last_success_at ? 'ok' : 'waiting';
  return {
    ...{ id, kind, name, site, keep, every_minutes, state, sample, failures, error, notes, counts, health },
    // Of the settings only the address: a connector's may hold a secret.
    url: typeof settings.url === 'string' ? settings.url : null,
    created_at: source.created_at.toISOString(),
    last_run_at: iso(source.last_run_at),
    last_success_at: iso(source.last_success_at),
    next_run_at: state === 'paused' ? null : iso(source.next_run_at),
    next_run_local: state === 'paused' ? null : nextLocal,
  };
}
