/** /v1/imports and /v1/events. */
import { z } from 'zod';
import { IdParams, Import, ImportList, ImportsQuery, UndoAnswer } from '../../shared/contracts/api/sources.ts';
import { AppError } from '../../shared/errors.ts';
import { undoImport } from '../../shared/store/chunks.ts';
import { findImport, type ImportRow, listImports } from '../../shared/store/imports.ts';
import { limitKey } from '../limits.ts';
import { type Route, route } from '../route.ts';
import type { RouteDeps } from './deps.ts';

const EventsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .meta({ description: 'Resume after this data version, as the header Last-Event-ID does' }),
});

export function importRoutes({ db, zone }: RouteDeps): Route[] {
  const read = { method: 'get', tag: 'imports', scope: 'read:aggregates', limit: 'read' } as const;
  const found = (row: ImportRow | undefined): ImportRow => {
    if (!row) throw new AppError('not_found', 'There is no such import');
    return row;
  };
  return [
    route({
      ...read,
      path: '/v1/imports',
      summary: 'Imports of files, newest first',
      schemas: { query: ImportsQuery, response: ImportList },
      handle: async ({ query }) => ({ imports: (await listImports(db, query.limit)).map(toImport) }),
    }),
    route({
      ...read,
      path: '/v1/imports/{id}',
      summary: 'One import, how far it is and which rows were wrong',
      schemas: { params: IdParams, response: Import },
      handle: async ({ params }) => toImport(found(await findImport(db, toId(params.id)))),
    }),
    route({
      method: 'post',
      path: '/v1/imports/{id}/undo',
      summary: 'Take an import back: only posts that nothing else saw',
      tag: 'imports',
      scope: 'write:sources',
      limit: 'write',
      schemas: { params: IdParams, response: UndoAnswer },
      handle: async ({ params }) => {
        const { id } = found(await findImport(db, toId(params.id)));
        return undoImport(db, zone, id);
      },
    }),
  ];
}

export function eventRoutes({ events }: RouteDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/events',
      summary:
        'Live updates (server-sent events): posts, source, import, topics, alert, and reset when the reader must reload',
      tag: 'numbers',
      scope: 'read:aggregates',
      limit: 'read',
      schemas: { query: EventsQuery },
      stream: async (request, response, { query, header }) => {
        const last = header('Last-Event-ID') ?? query.after;
        const after = last === undefined ? undefined : /^\d{1,15}$/.test(last) ? Number(last) : -1; // -1: never ours, so reset
        await events.serve(request, response, limitKey(response), after);
      },
    }),
  ];
}

function toId(id: string): number {
  const value = Number(id);
  return value > 2_147_483_647 ? 0 : value; // no import has the id 0
}

function toImport(row: ImportRow): Import {
  const {
    id,
    source_id,
    source,
    file_name,
    bytes,
    bytes_read,
    state,
    rows_read,
    rows_invalid,
    errors,
    counts,
    chunks_waiting,
  } = row;
  return {
    ...{ id, file_name, bytes, bytes_read, state, rows_read, rows_invalid, errors, counts, chunks_waiting },
    source: { id: source_id, name: source },
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
