/** What tests of the alert routes share: an API and a world on one database and one clock, and calls with If-Match. */
import type { Db } from '../../shared/store/db.ts';
import { fallen, usual, World } from './alertWorld.ts';
import { type Answer, startApi, type TestApi } from './api.ts';

export const START = '2026-11-10T10:00:00Z';

export interface AlertApi extends TestApi {
  /** A change of what has this version; `*` for any, undefined for a call without If-Match. */
  change(method: string, path: string, version: number | '*' | undefined, json?: unknown): Promise<Answer>;
}

export async function alertApi(db: Db, headers: Record<string, string> = {}): Promise<{ api: AlertApi; world: World }> {
  const world = new World(db, START);
  const api = await startApi(db, { now: () => world.now });
  const change: AlertApi['change'] = (method, path, version, json) =>
    api.call(path, {
      method,
      headers: { ...headers, ...(version === undefined ? {} : { 'if-match': version === '*' ? '*' : `"${version}"` }) },
      ...(json === undefined ? {} : { json }),
    });
  return { api: { ...api, change }, world };
}

/** Status, and the places that the problem names. */
export function told({ status, body }: Answer): [number, ...string[]] {
  return [status, ...(body?.errors ?? []).map(({ pointer }: { pointer: string }) => pointer)];
}

/** A rule that has learned and then met a fall that nobody could miss: one alert is open. */
export async function withAlert(world: World, body: Record<string, unknown> = {}) {
  const rule = await world.rule(body);
  await world.learn(rule.scope_id);
  await world.pass(usual(24, { seed: 5 }), rule.scope_id);
  await world.pass(fallen(8), rule.scope_id);
  return { rule, alert: await world.alert() };
}
