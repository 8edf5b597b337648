/*
 * The API in types that are generated from api/openapi.json: a path or parameter that the contract
 * does not have does not compile.
 *
 * Every failure is a Problem: the server's own words, or status 0 when there was no answer.
 */
import type { components, paths } from './generated';

type Schemas = components['schemas'];
export type Call = Schemas['Call'];
export type CallSummary = Schemas['CallSummary'];
export type CallPage = Schemas['CallPage'];
export type Recording = Schemas['Recording'];
export type RecordingState = Schemas['RecordingState'];
export type WorkState = Schemas['WorkState'];
export type Direction = Schemas['Direction'];
export type Reason = Schemas['Reason'];
export type Segment = Schemas['Segment'];
export type Transcript = Schemas['Transcript'];
export type Insight = Schemas['Insight'];
export type Talk = Schemas['Talk'];
export type TimelineEntry = Schemas['TimelineEntry'];
export type Attempt = Schemas['Attempt'];
export type Leg = Schemas['Leg'];
export type Collection = Schemas['Collection'];
export type QuarantinedWebhook = Schemas['QuarantinedWebhook'];
export type Examination = Schemas['Examination'];
export type ExaminationStep = Schemas['ExaminationStep'];
export type DoctorEvent = Schemas['DoctorEvent'];
export type Alarm = Schemas['Alarm'];
export type Session = Schemas['Session'];

type Json<Operation> = Operation extends {
    responses: { 200: { content: { 'application/json': infer Body } } };
}
    ? Body
    : Operation extends { responses: { 202: { content: { 'application/json': infer Body } } } }
      ? Body
      : void;
type Query<Operation> = Operation extends { parameters: { query?: infer Values } } ? Values : never;
type Reading = {
    [Path in keyof paths]: paths[Path] extends { get: object } ? Path : never;
}[keyof paths];
type Changing = {
    [Path in keyof paths]: paths[Path] extends { post: object } ? Path : never;
}[keyof paths];
type PathValues = Record<string, string>;

export class Problem extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        detail: string,
    ) {
        super(detail);
    }
}

/* Set by the session: the token that changes carry, and what to do when the session has ended. */
export const session_hooks = { csrfToken: '', ended: () => {} };

/* The address of a path: "{id}" filled in, the query behind it, empty values left out. */
export function address(path: string, values: PathValues = {}, query: object = {}): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(values[name] ?? ''),
    );
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
        if (value !== undefined && value !== null && value !== '') {
            search.set(name, String(value));
        }
    }
    return search.size === 0 ? filled : `${filled}?${search}`;
}

async function problem_of(response: Response): Promise<Problem> {
    const body = (await response.json().catch(() => null)) as Partial<Schemas['Problem']> | null;
    return new Problem(
        response.status,
        body?.code ?? 'unexpected',
        body?.detail ?? body?.title ?? '',
    );
}

async function ask<Body>(url: string, init: RequestInit): Promise<Body> {
    const response = await fetch(url, { ...init, credentials: 'same-origin' }).catch(() => null);
    if (response === null) {
        throw new Problem(0, 'unreachable', '');
    }
    if (response.status === 401 && !url.startsWith('/api/auth/')) {
        session_hooks.ended();
    }
    if (!response.ok) {
        throw await problem_of(response);
    }
    return (response.status === 204 ? undefined : await response.json()) as Body;
}

export function read<Path extends Reading>(
    path: Path,
    options: { values?: PathValues; query?: Query<paths[Path]['get']>; signal?: AbortSignal } = {},
): Promise<Json<paths[Path]['get']>> {
    const init = options.signal ? { signal: options.signal } : {};
    return ask(address(path, options.values, options.query ?? {}), init);
}

export function change<Path extends Changing>(
    path: Path,
    options: { values?: PathValues; query?: Query<paths[Path]['post']>; body?: unknown } = {},
): Promise<Json<paths[Path]['post']>> {
    const headers: Record<string, string> = { 'X-CSRF-Token': session_hooks.csrfToken };
    const init: RequestInit = { method: 'POST', headers };
    if (options.body !== undefined) {
        headers['Content-Type'] = 'application/json';
        init.body = JSON.stringify(options.body);
    }
    return ask(address(path, options.values, options.query ?? {}), init);
}
