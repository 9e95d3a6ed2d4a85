/** Secrets at rest: sealed for one purpose by one installation, and never legible. */
import { expect, test } from 'vitest';
import { createSeal, SealError } from '../../shared/seal.ts';

const seal = createSeal('a secret of this installation, long');

test('what was sealed opens again, and nothing of it can be read', () => {
  const sealed = seal.seal('channel/slack', 'https://hooks.example.com/T0/B0/ضوء');
  expect(seal.open('channel/slack', sealed)).toBe('https://hooks.example.com/T0/B0/ضوء');
  expect(sealed.toString('latin1')).not.toContain('hooks');
  expect(seal.seal('channel/slack', 'same').equals(seal.seal('channel/slack', 'same'))).toBe(false);
  expect(seal.open('x', seal.seal('x', ''))).toBe('');
});

test('it opens for no other purpose and under no other secret', () => {
  const sealed = seal.seal('channel/slack', 'x');
  expect(() => seal.open('channel/teams', sealed)).toThrow(SealError);
  expect(() => createSeal('another secret, as long as the first').open('channel/slack', sealed)).toThrow(SealError);
});

test('any changed, missing or added byte is noticed', () => {
  const sealed = seal.seal('p', 'hello');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => seal.open('p', changed)).toThrow(SealError);
    expect(() => seal.open('p', sealed.subarray(0, at))).toThrow(SealError);
  }
  expect(() => seal.open('p', Buffer.concat([sealed, Buffer.from([0])]))).toThrow(SealError);
});
