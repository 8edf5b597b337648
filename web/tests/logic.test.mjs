/* The dashboard's pure parts: formats, routes, the list's merging, who stands where. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { createServer } from 'vite';

let server;
let load;

before(async () => {
    globalThis.location = new URL('http://dashboard.test/calls?q=a&recording=missing');
    server = await createServer({
        root: fileURLToPath(new URL('..', import.meta.url)),
        server: { middlewareMode: true, hmr: false, watch: null },
        appType: 'custom',
        logLevel: 'error',
        optimizeDeps: { noDiscovery: true },
    });
    load = (path) => server.ssrLoadModule(path);
});
after(() => server.close());

test('durations are read as people write them', async () => {
    const { duration, position, stretch } = await load('/src/format.ts');
    assert.equal(duration(0), '0:00');
    assert.equal(duration(75.4), '1:15');
    assert.equal(duration(75.9), '1:16');
    assert.equal(position(75.9), '1:15');
    assert.equal(duration(3725), '1:02:05');
    assert.equal(duration(null), '–');
    assert.equal(duration(-1), '–');
    assert.equal(stretch(0.8), '0.8 s');
    assert.equal(stretch(75), '1:15');
    assert.equal(stretch(null), '–');
});

test('sizes keep three figures', async () => {
    const { size } = await load('/src/format.ts');
    assert.equal(size(0), '0 B');
    assert.equal(size(999), '999 B');
    assert.equal(size(999_950), '1.00 MB');
    assert.equal(size(2_240_044), '2.24 MB');
    assert.equal(size(null), '–');
});

test('only a full house is 100 percent', async () => {
    const { percent } = await load('/src/format.ts');
    assert.equal(percent(1), '100 %');
    assert.equal(percent(0.999), '99 %');
    assert.equal(percent(0.5), '50 %');
    assert.equal(percent(null), '–');
});

test('days are named near today and dated before', async () => {
    const { day, relative } = await load('/src/format.ts');
    const now = new Date(2026, 1, 5, 12);
    assert.equal(day(new Date(2026, 1, 5, 0, 1).toISOString(), now), 'Today');
    assert.equal(day(new Date(2026, 1, 4, 23, 59).toISOString(), now), 'Yesterday');
    assert.match(day(new Date(2026, 0, 3).toISOString(), now), /3/);
    assert.match(day(new Date(2025, 0, 3).toISOString(), now), /2025/);
    assert.equal(
        relative(new Date(now.getTime() + 120_000).toISOString(), now.getTime()),
        'in 2 minutes',
    );
    assert.equal(
        relative(new Date(now.getTime() - 7200_000).toISOString(), now.getTime()),
        '2 hours ago',
    );
});

test('a path fits its pattern or does not', async () => {
    const { match, withQuery } = await load('/src/router.ts');
    assert.deepEqual(match('/calls/{id}', '/calls/a%20b'), { id: 'a b' });
    assert.deepEqual(match('/calls', '/calls/'), {});
    assert.deepEqual(match('/', '/'), {});
    assert.equal(match('/calls/{id}', '/calls'), null);
    assert.equal(match('/calls/{id}', '/calls/%E0%A4'), null);
    assert.equal(match('/calls', '/other'), null);
    assert.equal(withQuery({ recording: '', q: 'b&c' }), '/calls?q=b%26c');
});

test('addresses escape what stands in them and leave out what is empty', async () => {
    const { address } = await load('/src/api/client.ts');
    assert.equal(address('/api/calls/{id}', { id: 'a/b?c' }), '/api/calls/a%2Fb%3Fc');
    assert.equal(
        address('/api/calls', {}, { q: '', limit: 50, from: undefined }),
        '/api/calls?limit=50',
    );
});

test('a quiet reload puts new calls first and keeps what was loaded further down', async () => {
    const { merged } = await load('/src/state/calls.ts');
    const calls = (...ids) => ids.map((id) => ({ id }));
    const old = {
        key: 'k',
        calls: calls('c', 'b', 'a', '9', '8'),
        nextCursor: 'after 8',
        arrived: new Set(),
    };
    const list = merged(old, { calls: calls('d', 'c', 'b', 'a'), next_cursor: 'after a' });
    assert.deepEqual(
        list.calls.map((call) => call.id),
        ['d', 'c', 'b', 'a', '9', '8'],
    );
    assert.equal(list.nextCursor, 'after 8');
    assert.deepEqual([...list.arrived], ['d']);
});

test('a reload that has nothing in common with the list replaces it', async () => {
    const { merged } = await load('/src/state/calls.ts');
    const calls = (...ids) => ids.map((id) => ({ id }));
    const old = { key: 'k', calls: calls('b', 'a'), nextCursor: null, arrived: new Set() };
    const many = merged(old, { calls: calls('z', 'y'), next_cursor: 'after y' });
    assert.deepEqual(
        many.calls.map((call) => call.id),
        ['z', 'y'],
    );
    assert.equal(many.nextCursor, 'after y');
    assert.deepEqual(merged(old, { calls: [], next_cursor: null }).calls, []);
});

test('the word that sounds is the last one that has begun', async () => {
    const { index_at } = await load('/src/pages/call/transcript.tsx');
    const starts = [0.5, 1, 1, 2];
    assert.equal(index_at(starts, 0.4), -1);
    assert.equal(index_at(starts, 0.5), 0);
    assert.equal(index_at(starts, 1.5), 2);
    assert.equal(index_at(starts, 99), 3);
    assert.equal(index_at([], 1), -1);
});

test('the called party and the agent stand on the right, others by turns', async () => {
    const { speakers_of } = await load('/src/pages/call/speakers.ts');
    const call = {
        direction: 'outbound',
        from: '1000',
        to: '2815550100',
        caller_name: 'Front Desk',
    };
    const sides = (...ids) => [
        ...speakers_of(
            ids.map((speaker) => ({ speaker })),
            call,
        ).values(),
    ];
    assert.deepEqual(
        sides('callee', 'caller').map((one) => [one.side, one.party]),
        [
            [1, '2815550100'],
            [0, 'Front Desk'],
        ],
    );
    assert.deepEqual(
        sides('speaker_1', 'speaker_2').map((one) => [one.side, one.label]),
        [
            [0, 'Speaker 1'],
            [1, 'Speaker 2'],
        ],
    );
    assert.deepEqual(
        sides('agent', 'customer').map((one) => [one.side, one.party]),
        [
            [1, 'Front Desk'],
            [0, '2815550100'],
        ],
    );
    assert.deepEqual(
        sides(null).map((one) => [one.side, one.label]),
        [[0, 'Everybody']],
    );
});

test('a period begins at midnight and does not move during the day', async () => {
    const { period_start } = await load('/src/pages/calls/filter.ts');
    const morning = period_start('7d', new Date(2026, 1, 10, 1));
    assert.equal(morning, period_start('7d', new Date(2026, 1, 10, 23)));
    assert.equal(morning, new Date(2026, 1, 4).toISOString());
    assert.equal(period_start('all'), '');
});
