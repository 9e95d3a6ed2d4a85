/** What a file says, made fit to be shown. */
import { expect, test } from 'vitest';
import { visible, visibleJson } from '../../workers/imports/visible.ts';

test.each([
  ['escape sequences', 'id\x1b[31mred\x9b2J\x07', 'id\ufffd[31mred\ufffd2J\ufffd'],
  ['line ends and tabs', 'a\r\nb\tc\u2028d\u0085e', 'a\ufffd\ufffdb\ufffdc\ufffdd\ufffde'],
  ['changes of direction', 'a\u202eb\u2066c\u200fd\u061ce', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
  ['what nobody sees', 'a\u200bb\ufeffc\u00add\u{e0041}e\u3164f', 'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf'],
  ['half a pair', 'a\ud83db', 'a\ufffdb'],
])('%s are replaced', (_name, text, shown) => {
  expect(visible(text)).toBe(shown);
});

test.each(['Date de création', 'التاريخ والوقت', '\u0600١٢', 'prénom ❤\ufe0f 😀', 'a\u00a0b'])(
  '%s stays as it is',
  (text) => {
    expect(visible(text)).toBe(text);
  },
);

test('JSON keeps every character, and shows none that moves a terminal', () => {
  const value = { 'a\x9b\x7f\u202e': ['\u{e0041}\x1b', 'été 😀'] };
  const json = visibleJson(value);
  expect(json).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(json).toContain('été 😀');
  expect(JSON.parse(json)).toEqual(value);
});
