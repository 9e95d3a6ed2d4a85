/** Which alerts are one event, and which of them speaks. */
import { describe, expect, test } from 'vitest';
import { type Groupable, groupWith, isWider } from '../../shared/alerts/group.ts';

const alert = (id: number, overrides: Partial<Groupable> = {}): Groupable => ({
  id,
  scopeId: 1,
  filter: {},
  signal: 'net_down',
  mode: 'live',
  sample: false,
  parentId: null,
  ...overrides,
});
const water = { scopeId: 2, filter: { topic: ['water'] } };
const waterInFrench = { scopeId: 3, filter: { topic: ['water'], language: ['fr'] } };
const ids = ({ parent, children }: ReturnType<typeof groupWith>) => ({
  parent: parent?.id,
  children: children.map(({ id }) => id),
});

describe('a filter is wider than another', () => {
  test.each([
    [{}, { topic: ['water'] }, true],
    [{ topic: ['water'] }, {}, false],
    [{}, {}, false],
    [{ topic: ['water'] }, { topic: ['water'] }, false],
    [{ topic: ['water', 'energy'] }, { topic: ['energy', 'water'] }, false],
    [{ topic: ['water', 'energy'] }, { topic: ['water'] }, true],
    [{ topic: ['water'] }, { topic: ['water'], language: ['fr'] }, true],
    [{ topic: ['water'] }, { topic: ['energy'], language: ['fr'] }, false],
    [{ 'language!': ['fr'] }, { 'language!': ['fr', 'en'] }, true],
    [{ 'language!': ['fr', 'en'] }, { 'language!': ['fr'] }, false],
    [{}, { kind: ['repost' as const] }, false],
    [{}, { kind: ['comment' as const] }, true],
  ])('%j, %j: %s', (wide, narrow, wider) => {
    expect(isWider(wide, narrow)).toBe(wider);
  });
});

test('two signals of one scope are one event, and the first speaks', () => {
  expect(ids(groupWith(alert(2, { signal: 'negative_posts' }), [alert(1)]))).toEqual({ parent: 1, children: [] });
  expect(ids(groupWith(alert(2), [alert(1, { signal: 'negative_posts' })]))).toEqual({ parent: 1, children: [] });
});

test('the wider scope speaks, whichever came first', () => {
  expect(ids(groupWith(alert(2, water), [alert(1)]))).toEqual({ parent: 1, children: [] });
  expect(ids(groupWith(alert(2), [alert(1, water)]))).toEqual({ parent: undefined, children: [1] });
  expect(ids(groupWith(alert(3, waterInFrench), [alert(1, water), alert(2)]))).toEqual({ parent: 2, children: [] });
  expect(ids(groupWith(alert(4, water), [alert(1), alert(3, waterInFrench)]))).toEqual({ parent: 1, children: [3] });
});

test('what another one speaks for speaks for nobody', () => {
  expect(ids(groupWith(alert(3, waterInFrench), [alert(2, { ...water, parentId: 1 })]))).toEqual({
    parent: undefined,
    children: [],
  });
});

test.each([
  ['more posts do not hide that the mood falls', alert(1, { signal: 'posts' })],
  ['a rise is not of a fall', alert(1, { signal: 'net_up' })],
  ['a shadow does not speak for what is live', alert(1, { mode: 'shadow' })],
  ['the sample does not speak for what is real', alert(1, { sample: true })],
  ['scopes side by side are two events', alert(1, { scopeId: 4, filter: { topic: ['energy'] } })],
])('%s', (_name, other) => {
  expect(ids(groupWith(alert(2, water), [other]))).toEqual({ parent: undefined, children: [] });
});
