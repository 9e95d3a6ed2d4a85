/**
 * Pseudonyms of authors (Law 09-08): a keyed hash of site and author id. The same author has the same key everywhere in
 * one installation, and nobody without the installation's secret can tell whose it is or test a guess.
 */
import { createHash, createHmac } from 'node:crypto';

export type Pseudonym = (site: string, author: string) => string;

/** 16 bytes of HMAC-SHA-256, as 22 base64url characters. */
export function createPseudonym(secret: string): Pseudonym {
  return (site, author) =>
    createHmac('sha256', secret).update(`${site}\n${author}`).digest().subarray(0, 16).toString('base64url');
}

/** Tells whether two processes hold the same secret, without telling the secret. */
export function secretFingerprint(secret: string): string {
  return createHash('sha256').update(`sada fingerprint\n${secret}`).digest('hex').slice(0, 32);
}
