/**
 * Cursors of post lists: where a page ended, signed so that nobody builds on their inside. Opaque to readers.
 * The key comes from the installation's secret, so that all API processes understand each other's cursors.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { AppError } from '../shared/errors.ts';
import type { PagePosition } from '../shared/store/postReads.ts';

export interface Cursors {
  write(position: PagePosition): string;
  /** Throws `invalid` for anything that `write` did not make. */
  read(cursor: string): PagePosition;
}

const MAC_BYTES = 12;

/** Cursors of one list, by its name: those of another are refused. The list of posts has none. */
export function createCursors(secret: string, list = ''): Cursors {
  const key = Buffer.from(hkdfSync('sha256', secret, '', list === '' ? 'sada cursors' : `sada cursors ${list}`, 32));
  const sign = (text: string) => createHmac('sha256', key).update(text).digest().subarray(0, MAC_BYTES);
  return {
    write: ({ at, id }) => {
      const text = `${at} ${id}`;
      return Buffer.concat([sign(text), Buffer.from(text)]).toString('base64url');
    },
    read: (cursor) => {
      const bytes = Buffer.from(cursor, 'base64url');
      const [mac, text] = [bytes.subarray(0, MAC_BYTES), bytes.subarray(MAC_BYTES).toString()];
      if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, sign(text))) {
        throw new AppError('invalid', 'The cursor is wrong', {
          errors: [{ pointer: '?cursor', detail: 'is not one that this API gave' }],
        });
      }
      const [at = '', id = ''] = text.split(' ');
      return { at, id: Number(id) };
    },
  };
}
