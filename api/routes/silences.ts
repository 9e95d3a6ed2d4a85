/** /v1/silences: which alerts are not told of for a while. Ended ones stay listed. */
import { NewSilenceBody, Silence, SilencePage, SilencesQuery } from '../../shared/contracts/api/alerts.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import { AppError } from '../../shared/errors.ts';
import { ruleNames } from '../../shared/store/alertRules.ts';
import { audit } from '../../shared/store/audit.ts';
import { inTransaction, type Queryable } from '../../shared/store/db.ts';
import {
  endSilence,
  findSilence,
  insertSilence,
  listSilences,
  type Matcher,
  type Silence as SilenceRow,
} from '../../shared/store/silences.ts';
import { tagWith, versionOf } from '../ifMatch.ts';
import { refuse } from '../read.ts';
import { type Route, route } from '../route.ts';
import { found, iso, pageOf, readAlerts, toId, writeAlerts } from './alertShapes.ts';
import type { RouteDeps } from './deps.ts';

const read = { tag: 'silences', ...readAlerts } as const;
const write = { tag: 'silences', ...writeAlerts } as const;

export function silenceRoutes(deps: RouteDeps): Route[] {
  return [...readRoutes(deps), ...changeRoutes(deps)];
}

function readRoutes({ db, cursorsOf }: RouteDeps): Route[] {
  const cursors = cursorsOf('silences');
  return [
    route({
      ...read,
      method: 'get',
      path: '/v1/silences',
      summary: 'Silences, newest first, ended ones too',
      schemas: { query: SilencesQuery, response: SilencePage },
      handle: async ({ query, now }) => {
        const rows = await listSilences(db, {
          ...(query.state === 'open' ? { openAt: now } : {}),
          ...(query.cursor === undefined ? {} : { before: cursors.read(query.cursor).id }),
          limit: query.limit + 1,
        });
        const { page, next_cursor } = pageOf(rows, query.limit, cursors, ({ id }) => ({ at: '-', id }));
        return { next_cursor, silences: page.map((row) => toSilence(row, now)) };
      },
    }),
    route({
      ...read,
      method: 'get',
      path: '/v1/silences/{id}',
      summary: 'One silence; its version is the ETag',
      schemas: { params: IdParams, response: Silence },
      handle: async (input) => {
        const row = found(await findSilence(db, toId(input.params)), 'silence');
        tagWith(input, row);
        return toSilence(row, input.now);
      },
    }),
  ];
}

function changeRoutes({ db }: RouteDeps): Route[] {
  return [
    route({
      ...write,
      method: 'post',
      path: '/v1/silences',
      summary: 'Keep alerts from being told of for a while; they are raised and shown as ever',
      answers: 'created',
      schemas: { body: NewSilenceBody, response: Silence },
      handle: async (input) => {
        const { body, caller, now } = input;
        const startsAt = body.starts_at === undefined ? now : new Date(body.starts_at);
        const endsAt = new Date(body.ends_at);
        if (endsAt <= startsAt) refuse([{ pointer: '/ends_at', detail: 'must be after the start' }]);
        if (endsAt <= now) refuse([{ pointer: '/ends_at', detail: 'expected an instant that is still to come' }]);
        const matcher = JSON.parse(JSON.stringify(body.matcher)) as Matcher; // without what is undefined
        await checkRules(db, matcher.rules ?? []);
        const row = await inTransaction(db, async (tx) => {
          const made = await insertSilence(tx, { matcher, startsAt, endsAt, reason: body.reason, by: caller.name });
          const entry = { actor: caller.name, object: 'silence', objectId: made.id, at: now } as const;
          await audit(tx, { ...entry, action: 'created', before: null, after: toSilence(made, now) });
          return made;
        });
        tagWith(input, row);
        return toSilence(row, now);
      },
    }),
    route({
      ...write,
      method: 'post',
      path: '/v1/silences/{id}/end',
      summary: 'End a silence before its time (If-Match)',
      conditional: true,
      schemas: { params: IdParams, response: Silence },
      handle: async (input) => {
        const { caller, now, params } = input;
        const version = versionOf(input);
        const row = await inTransaction(db, async (tx) => {
          const before = found(await findSilence(tx, toId(params)), 'silence');
          if (version !== undefined && before.version !== version)
            throw new AppError('precondition_failed', 'The silence has changed since it was read');
          const { id } = before;
          const ended = await endSilence(tx, { id, by: caller.name, at: now, version: before.version });
          if (!ended) throw new AppError('conflict', 'The silence has ended already');
          const entry = { actor: caller.name, object: 'silence', objectId: id, at: now } as const;
          await audit(tx, { ...entry, action: 'ended', before: toSilence(before, now), after: toSilence(ended, now) });
          return ended;
        });
        tagWith(input, row);
        return toSilence(row, now);
      },
    }),
  ];
}

async function checkRules(db: Queryable, ids: readonly number[]): Promise<void> {
  const known = await ruleNames(db, ids);
  refuse(
    ids.flatMap((id, i) =>
      known.has(id) ? [] : [{ pointer: `/matcher/rules/${i}`, detail: `there is no rule ${id}` }],
    ),
  );
}

function toSilence(row: SilenceRow, now: Date): Silence {
  const { id, version, matcher, reason, created_by, ended_by } = row;
  const isOver = row.ends_at <= now || ended_by !== null;
  return {
    ...{ id, version, matcher, reason, created_by, ended_by },
    state: isOver ? 'ended' : row.starts_at > now ? 'planned' : 'active',
    starts_at: iso(row.starts_at),
    ends_at: iso(row.ends_at),
    created_at: iso(row.created_at),
  };
}
