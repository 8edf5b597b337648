/*
 * A stand-in for the server, for work on the dashboard: the built files under the real
 * Content-Security-Policy, and api/openapi.json's answers from invented data. Kept in memory, for
 * one process's life.
 *
 *   node mock/server.mjs        PORT (8090)   MOCK_CALLS=none: no call yet   MOCK_LIVE=1: calls arrive
 *   user demo@example.com, password demo
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { audio_of, world_make } from './data.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, '..', '..', 'build', 'web', 'dist');
const contract = path.join(here, '..', '..', 'api', 'openapi.json');

export const credentials = { email: 'demo@example.com', password: 'demo' };
const token = 'mock-session';
const csrf_token = 'mock-csrf';
const user = { id: 'u1', email: credentials.email, role: 'administrator', tenant: 'acme' };

const headers = {
    'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
};
const types = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
};

function json(response, status, body) {
    response.writeHead(status, { ...headers, 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
}

function problem(response, status, code, detail) {
    const title = http.STATUS_CODES[status];
    response.writeHead(status, { ...headers, 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'about:blank', title, status, code, detail }));
}

async function body_of(request) {
    const parts = [];
    for await (const part of request) {
        parts.push(part);
    }
    return Buffer.concat(parts).toString();
}

const in_list = ({ transcript, insight, legs, timeline, ...summary }) => summary;

function fits(call, query) {
    const q = (query.get('q') ?? '').toLowerCase();
    const recording = query.get('recording') ?? '';
    const direction = query.get('direction') ?? '';
    const text = `${call.from} ${call.to} ${call.caller_name ?? ''}`.toLowerCase();
    const states = [call.recording_state, ...call.recordings.map((one) => one.reason?.code)];
    return (
        text.includes(q) &&
        (direction === '' || call.direction === direction) &&
        (recording === '' || states.includes(recording)) &&
        (!query.get('from') || call.started_at >= query.get('from'))
    );
}

function calls_page(world, query) {
    const limit = Number(query.get('limit') ?? 50);
    const start = Number(query.get('cursor') ?? 0);
    const all = world.calls.filter((call) => fits(call, query));
    return {
        calls: all.slice(start, start + limit).map(in_list),
        next_cursor: start + limit < all.length ? String(start + limit) : null,
    };
}

function collection(world, query) {
    const calls = world.calls.filter(
        (call) => !query.get('from') || call.started_at >= query.get('from'),
    );
    const recordings = calls.flatMap((call) => call.recordings);
    const count = (...states) => recordings.filter((one) => states.includes(one.state)).length;
    const reasons = {};
    for (const { reason } of recordings) {
        if (reason !== null) {
            reasons[reason.code] = (reasons[reason.code] ?? 0) + 1;
        }
    }
    const of_reason = (code, ...states) =>
        recordings.filter((one) => one.reason?.code === code && states.includes(one.state)).length;
    const stored = count('stored');
    const missing = count('missing');
    const waiting = count('waiting', 'fetching');
    const expected = stored + missing + waiting;
    return {
        calls: calls.length,
        expected,
        stored,
        missing,
        waiting,
        not_expected: calls.filter((call) => call.recording_state === 'not_expected').length,
        yield: expected === 0 ? null : stored / expected,
        reasons: Object.entries(reasons)
            .map(([code, n]) => ({
                code,
                count: n,
                waiting: of_reason(code, 'waiting', 'fetching'),
                missing: of_reason(code, 'missing'),
                message: `What ${code} means.`,
                owner: 'nobody',
                advice: 'What to do next.',
            }))
            .sort((a, b) => b.count - a.count),
        missing_by: {
            pbx: [
                {
                    id: '0000000000000001',
                    name: 'UCM',
                    tenant: 'acme',
                    expected,
                    stored,
                    waiting,
                    missing,
                    yield: expected === 0 ? null : stored / expected,
                },
            ],
            extension: [],
            trunk: [],
        },
        unrecorded: {
            extensions: [
                {
                    extension: '230',
                    pbx: 'UCM',
                    tenant: 'acme',
                    answered: 41,
                    recorded: 0,
                    sentence:
                        'extension 230: 0 of 41 answered calls have a recording: recording is off',
                    advice: 'Switch recording on in Extension/Trunk > Extensions > edit > Features > Auto Record.',
                },
            ],
            trunks: [],
        },
        details_from: null,
    };
}

function audio(request, response, call, query) {
    const wav = audio_of(call);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const first = range ? Number(range[1]) : 0;
    const last = range?.[2] ? Math.min(Number(range[2]), wav.length - 1) : wav.length - 1;
    if (first >= wav.length) {
        response.writeHead(416, { ...headers, 'Content-Range': `bytes */${wav.length}` }).end();
        return;
    }
    response.writeHead(range ? 206 : 200, {
        ...headers,
        'Content-Type': 'audio/wav',
        'Accept-Ranges': 'bytes',
        'Content-Length': last - first + 1,
        ...(range ? { 'Content-Range': `bytes ${first}-${last}/${wav.length}` } : {}),
        ...(query.has('download')
            ? { 'Content-Disposition': 'attachment; filename="call.wav"' }
            : {}),
    });
    response.end(wav.subarray(first, last + 1));
}

function transcript(response, call, query) {
    const { state, recording_id, ...content } = call.transcript;
    const isOther = query.get('recording') && query.get('recording') !== recording_id;
    const segments = isOther ? content.segments.slice(0, 4) : content.segments;
    if ((query.get('format') ?? 'json') === 'json') {
        json(response, 200, { ...content, segments });
        return;
    }
    const lines = segments.map((one) => `${one.speaker ?? ''}: ${one.text}`);
    response.writeHead(200, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(lines.join('\n'));
}

export function mock_start({ port = 0, hasCalls = true, isLive = false } = {}) {
    const world = world_make();
    if (!hasCalls) {
        world.calls.length = 0;
        world.quarantine.length = 0;
    }
    const listeners = new Set();
    const tell = (name, data) => {
        for (const listener of listeners) {
            listener.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
        }
    };
    const arrive = () => {
        const call = world.call_make([
            0,
            'inbound',
            '2815550199',
            '1000',
            'Just Now',
            33,
            'waiting',
            'not_there_yet',
            'none',
        ]);
        world.calls.unshift(call);
        world.attempts.set(call.id, []);
        tell('call', { call_id: call.id, tenant: call.tenant });
    };
    const timer = isLive ? setInterval(arrive, 4000) : null;

    const with_call = (response, id, work) => {
        const call = world.calls.find((one) => one.id === id);
        return call ? work(call) : problem(response, 404, 'not_found', 'There is no such call.');
    };
    const routes = {
        'GET /api/auth/me': (q, s) => json(s, 200, { user, csrf_token }),
        'POST /api/auth/logout': (q, s) => {
            s.writeHead(204, {
                ...headers,
                'Set-Cookie': 'audiapro_session=; Path=/; Max-Age=0',
            }).end();
        },
        'GET /api/calls': (q, s, url) => json(s, 200, calls_page(world, url.searchParams)),
        'GET /api/collection': (q, s, url) => json(s, 200, collection(world, url.searchParams)),
        'GET /api/quarantine': (q, s) => json(s, 200, { webhooks: world.quarantine }),
        'GET /api/events': (q, s) => {
            s.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' }).write(
                ': hello\n\n',
            );
            listeners.add(s);
            q.on('close', () => listeners.delete(s));
        },
        'GET /api/calls/{id}': (q, s, url, id) => with_call(s, id, (call) => json(s, 200, call)),
        'GET /api/calls/{id}/attempts': (q, s, url, id) =>
            with_call(s, id, () => json(s, 200, { attempts: world.attempts.get(id) })),
        'GET /api/calls/{id}/recording': (q, s, url, id) =>
            with_call(s, id, (call) => audio(q, s, call, url.searchParams)),
        'GET /api/calls/{id}/transcript': (q, s, url, id) =>
            with_call(s, id, (call) => transcript(s, call, url.searchParams)),
        'POST /api/recordings/retry': (q, s) => json(s, 202, { retried: 1, waiting_for_pbx: 0 }),
        'POST /api/calls/{id}/retry': (q, s, url, id) =>
            with_call(s, id, (call) => {
                const open = call.recordings.filter((one) => one.state !== 'stored');
                for (const recording of open) {
                    Object.assign(recording, {
                        state: 'fetching',
                        reason: null,
                        next_try_at: null,
                    });
                    call.recording_state = 'fetching';
                }
                json(s, 202, { retried: open.length });
                tell('recording', { call_id: id, tenant: call.tenant });
            }),
    };

    async function login(request, response) {
        const given = JSON.parse((await body_of(request)) || '{}');
        if (given.email !== credentials.email || given.password !== credentials.password) {
            problem(response, 401, 'login_refused', 'That e-mail and password do not match.');
            return;
        }
        response.setHeader(
            'Set-Cookie',
            `audiapro_session=${token}; Path=/; HttpOnly; SameSite=Strict`,
        );
        json(response, 200, { user, csrf_token });
    }

    function api(request, response, url) {
        if (url.pathname === '/api/auth/login') {
            return login(request, response);
        }
        if (url.pathname === '/api/health') {
            const components = {
                database: 'connected',
                storage: 'ok',
                collect: 'ok',
                speech: 'ok',
            };
            return json(response, 200, { status: 'healthy', version: '0.1.0', components });
        }
        if (url.pathname === '/api/openapi.json') {
            return json(response, 200, JSON.parse(fs.readFileSync(contract, 'utf8')));
        }
        if (!(request.headers.cookie ?? '').includes(`audiapro_session=${token}`)) {
            return problem(response, 401, 'not_signed_in', 'Sign in first.');
        }
        if (request.method === 'POST' && request.headers['x-csrf-token'] !== csrf_token) {
            return problem(response, 403, 'csrf_refused', 'The X-CSRF-Token is missing or wrong.');
        }
        const [, id] = /^\/api\/calls\/([^/]+)/.exec(url.pathname) ?? [];
        const pattern = id === undefined ? url.pathname : url.pathname.replace(id, '{id}');
        const route = routes[`${request.method} ${pattern}`];
        return route
            ? route(request, response, url, id)
            : problem(response, 404, 'not_found', 'There is nothing here.');
    }

    function asset(response, url) {
        const name = path.normalize(url.pathname).replace(/^(\.\.[/\\])+/, '');
        const file = path.join(dist, name);
        const isFile = file.startsWith(dist) && fs.existsSync(file) && fs.statSync(file).isFile();
        const found = isFile ? file : path.join(dist, 'index.html');
        response.writeHead(200, {
            ...headers,
            'Content-Type': types[path.extname(found)] ?? 'text/plain',
        });
        response.end(fs.readFileSync(found));
    }

    const server = http.createServer((request, response) => {
        const url = new URL(request.url, 'http://mock');
        return url.pathname.startsWith('/api/')
            ? api(request, response, url)
            : asset(response, url);
    });
    server.keepAliveTimeout = 120_000; /* A test may think for a while between two requests. */
    const stop = () => {
        clearInterval(timer);
        server.close();
        server.closeAllConnections();
    };
    return new Promise((resolve) => {
        server.listen(port, '127.0.0.1', () => {
            resolve({ url: `http://127.0.0.1:${server.address().port}`, stop, arrive });
        });
    });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
    const { url } = await mock_start({
        port: Number(process.env.PORT ?? 8090),
        hasCalls: process.env.MOCK_CALLS !== 'none',
        isLive: process.env.MOCK_LIVE === '1',
    });
    console.log(`${url}  ${credentials.email} / ${credentials.password}`);
}
