/** Small facts of the installation: reporting zone, zone data version, fingerprint of the secret. Read at start. */
import { one, type Queryable, run } from './db.ts';

export type SettingKey =
  | 'reporting_zone'
  | 'zone_data'
  | 'secret_fingerprint'
  | 'sample'
  | 'schema'
  | 'prepared'
  | 'topics_revision';

/** A setting's value, or undefined when it was never written. */
export async function readSetting(db: Queryable, key: SettingKey): Promise<unknown> {
  const row = await one<{ value: unknown }>(db, 'select value from settings where key = $1', [key]);
  return row?.value;
}

/** Writes a setting. */
export async function writeSetting(db: Queryable, key: SettingKey, value: unknown): Promise<void> {
  await run(
    db,
    'insert into settings (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
    [key, JSON.stringify(value)],
  );
}
