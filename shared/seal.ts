/**
 * Seals secrets at rest: AES-256-GCM under a key that comes from the installation's secret by HKDF. A sealed value opens
 * only for the purpose it was sealed for, so a row's secret copied into another kind of row stays shut.
 * shared/channels.ts and workers/alerts/claim.ts call it. Try it: `createSeal(secret).seal('channel/slack', '{}')`.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Seal {
  /** Version, nonce, tag and cipher text. Two seals of one text differ. */
  seal(purpose: string, text: string): Buffer;
  /** Throws SealError when it was changed, sealed for another purpose or with another secret. */
  open(purpose: string, sealed: Buffer): string;
}

/** A sealed value that does not open; says nothing of what is in it. */
export class SealError extends Error {
  constructor() {
    super('a secret cannot be opened: it was sealed with another SADA_SECRET, or changed in the database');
    this.name = 'SealError';
  }
}

/** A seal of this installation. */
export function createSeal(secret: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'sada seal', 32));
  return {
    seal(purpose, text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(`${VERSION} ${purpose}`));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), body]);
    },
    open(purpose, sealed) {
      if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) throw new SealError();
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(`${VERSION} ${purpose}`));
      decipher.setAuthTag(tag);
      try {
        const body = decipher.update(sealed.subarray(1 + NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([body, decipher.final()]).toString('utf8');
      } catch {
        throw new SealError();
      }
    },
  };
}
