import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asRows } from '../store/arrays.ts';
import { binaryArray } from '../store/binary-arrays.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  scratch = await createTestDatabase();
  client = new pg.Client({ connectionString: scratch.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await scratch.drop();
});

const values: Record<string, (string | number | boolean | null)[]> = {
  uuid: ['01a1ff85-f57e-7043-aacb-a51c03dda8c0', null, 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  text: ['plain', '', 'NULL', 'ä € 😀', '"quoted", {braced} \\ and more', 'x'.repeat(5_000), null],
  int: [0, -1, 2_147_483_647, -2_147_483_648, null],
  bigint: [0, -1, 9_007_199_254_740_991, -9_007_199_254_740_991, 4_294_967_296, -4_294_967_297, '3600', null],
  boolean: [true, null, false],
  date: ['2000-01-01', '1999-12-31', '2024-02-29', '1970-01-01', '2199-12-31', '1900-03-01', null],
  numeric: [
    '0',
    '0.00',
    '80.00',
    '-80.005',
    '9999',
    '10000',
    '99990000',
    '0.00001',
    '-0.5',
    '100000000000000000000.000001',
    12.5,
    null,
  ],
};

test.each(Object.entries(values))(
  'Postgres reads an array of %s as it was written',
  async (type, written) => {
    const array = binaryArray(type, written);
    expect(array).not.toBeNull();
    const { rows } = await client.query<{ read: (string | null)[] }>(`select $1::${type}[]::text[] as read`, [
      array,
    ]);
    expect(rows[0]!.read).toEqual(written.map((value) => (value === null ? null : String(value))));
  },
);

test('JSON, bytes and text that Postgres cannot hold arrive too', async () => {
  const { rows } = await client.query<{ json: unknown; bytes: string[]; text: string[] }>(
    `select array_to_json($1::jsonb[]) as json, array(select encode(b, 'hex') from unnest($2::bytea[]) b) as bytes, $3::text[] as text`,
    [
      binaryArray('jsonb', ['{"name": "Å \\" b"}', '[1.50]', null]),
      binaryArray('bytea', ['00ff10', '', 'ABcd']),
      binaryArray('text', ['a\0b', `${'y'.repeat(70)}\0`]),
    ],
  );
  expect(rows[0]).toEqual({
    json: [{ name: 'Å " b' }, [1.5], null],
    bytes: ['00ff10', '', 'abcd'],
    text: ['a\uFFFDb', `${'y'.repeat(70)}\uFFFD`],
  });
});

test('what is not written as expected is left to the text form, which Postgres judges', () => {
  for (const [type, value] of [
    ['numeric', '1e5'],
    ['numeric', 'NaN'],
    ['numeric', ''],
    ['numeric', '1.'],
    ['date', '2024-02-30'],
    ['date', 'infinity'],
    ['date', '2024-1-001'],
    ['int', 2_147_483_648],
    ['int', 1.5],
    ['bigint', 0.5],
    ['uuid', '01a1ff85-f57e-7043-aacb-a51c03dda8cg'],
    ['uuid', '01a1ff85-f57e-7043-aacb-a51c03dda8c\u0130'],
    ['timestamptz', '2024-01-01T00:00:00Z'],
  ] as const)
    expect(binaryArray(type, [value]), `${type} ${value}`).toBeNull();
});

test('rows keep their columns together, whether a column differs from row to row or not', async () => {
  const { from, params } = asRows(
    {
      no: { type: 'int', values: [1, 2] },
      same: { type: 'bytea', values: ['0a', '0a'] },
      each: { type: 'bytea', values: ['01', 'ff'] },
      at: { type: 'timestamptz', values: ['2024-01-01T00:00:00Z', null] },
      price: { type: 'numeric', values: ['1.50', '2e1'] },
    },
    1,
  );
  const { rows } = await client.query(
    `select no, encode(same, 'hex') as same, encode(each, 'hex') as each, at is null as no_time, price::text from ${from} order by no`,
    params,
  );
  expect(rows).toEqual([
    { no: 1, same: '0a', each: '01', no_time: false, price: '1.50' },
    { no: 2, same: '0a', each: 'ff', no_time: true, price: '20' },
  ]);
});
