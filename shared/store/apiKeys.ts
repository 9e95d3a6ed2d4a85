/**
 * API keys: `sada_live_<8 public>_<32 secret>`, shown once. Only the SHA-256 of the whole key is stored: with 190 random
 * bits there is nothing to guess, so a slow hash would only slow every request. Called by api/auth.ts and `sada keys`.
 */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import type { Scope } from '../contracts/api/common.ts';
import { many, one, type Queryable, run } from './db.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const KEY = /^sada_live_([0-9A-Za-z]{8})_[0-9A-Za-z]{32}$/;

export interface ApiKey {
  id: number;
  public_part: string;
  name: string;
  scopes: Scope[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

const COLUMNS = 'id, public_part, name, scopes, created_at, expires_at, last_used_at, revoked_at';

/** Makes a key. Its secret is in the returned `key` and nowhere else. */
export async function createKey(
  db: Queryable,
  { name, scopes, expiresAt }: { name: string; scopes: readonly Scope[]; expiresAt?: Date | undefined },
): Promise<{ key: string; id: number; publicPart: string }> {
  const publicPart = random(8);
  const key = `sada_live_${publicPart}_${random(32)}`;
  const row = await one<{ id: number }>(
    db,
    'insert into api_keys (public_part, hash, name, scopes, expires_at) values ($1, $2, $3, $4, $5) returning id',
    [publicPart, hashOf(key).toString('hex'), name, scopes, expiresAt ?? null],
  );
  if (!row) throw new Error('the key was not stored');
  return { key, id: row.id, publicPart };
}

function random(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** The key, when it is one of ours, not revoked and not expired; undefined otherwise, without saying which. */
export async function findKey(db: Queryable, key: string): Promise<ApiKey | undefined> {
  const publicPart = KEY.exec(key)?.[1];
  if (!publicPart) return undefined;
  const row = await one<ApiKey & { hash: string; valid: boolean } & Record<string, unknown>>(
    db,
    `select ${COLUMNS}, hash, revoked_at is null and (expires_at is null or expires_at > now()) as valid
     from api_keys where public_part = $1`,
    [publicPart],
  );
  if (!row || !timingSafeEqual(Buffer.from(row.hash, 'hex'), hashOf(key)) || !row.valid) return undefined;
  await run(
    db,
    `update api_keys set last_used_at = now() where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
    [row.id],
  );
  const { hash: _hash, valid: _valid, ...found } = row;
  return found;
}

/** Ends a key for good. False when there is no such key, or it was revoked already. */
export async function revokeKey(db: Queryable, publicPart: string): Promise<boolean> {
  return (
    (await run(db, 'update api_keys set revoked_at = now() where public_part = $1 and revoked_at is null', [
      publicPart,
    ])) > 0
  );
}

/** All keys, oldest first, without their hashes. */
export async function listKeys(db: Queryable): Promise<ApiKey[]> {
  return many<ApiKey & Record<string, unknown>>(db, `select ${COLUMNS} from api_keys order by id`);
}
