/*
 * The list of calls: pages laid end to end, read again quietly when something happens. The list last
 * shown is kept, so that the Back button finds it as it was left.
 */
import { useEffect, useRef, useState } from 'preact/hooks';

import { Problem, read, type CallPage, type CallSummary } from '../api/client';

export interface Filter {
    q: string;
    direction: string;
    recording: string;
    tenant: string;
    from: string;
}

const page_size = 50;
const refresh_size_max = 200; /* The API's own limit. */

interface List {
    key: string;
    calls: CallSummary[];
    nextCursor: string | null;
    arrived: Set<string>; /* Came while we watched. */
}

let kept: List | null = null;

function ask(filter: Filter, limit: number, cursor?: string): Promise<CallPage> {
    /* The filter's texts come from the address bar: the server judges them. */
    return read('/api/calls', {
        query: { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) } as never,
    });
}

/* The newest calls as just read, then those further down that we had already. */
export function merged(old: List, fresh: CallPage): List {
    const known = new Set(old.calls.map((call) => call.id));
    const arrived = new Set(
        fresh.calls.filter((call) => !known.has(call.id)).map((call) => call.id),
    );
    const last = fresh.calls[fresh.calls.length - 1];
    if (fresh.next_cursor === null || last === undefined) {
        return { ...old, calls: fresh.calls, nextCursor: null, arrived };
    }
    const isFresh = new Set(fresh.calls.map((call) => call.id));
    const at = old.calls.findIndex((call) => call.id === last.id);
    const tail = at < 0 ? [] : old.calls.slice(at + 1).filter((call) => !isFresh.has(call.id));
    return {
        ...old,
        calls: [...fresh.calls, ...tail],
        nextCursor: tail.length > 0 ? old.nextCursor : fresh.next_cursor,
        arrived,
    };
}

export function use_calls(filter: Filter) {
    const key = JSON.stringify(filter);
    const [list, setList] = useState<List | null>(kept?.key === key ? kept : null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const [isLoadingMore, setLoadingMore] = useState(false);
    const wanted = useRef(key);
    wanted.current = key;
    const shown = list?.key === key ? list : null;

    const guarded = async (work: () => Promise<List>) => {
        try {
            const next = await work();
            if (wanted.current === key) {
                kept = next;
                setList(next);
                setProblem(null);
            }
        } catch (error) {
            if (wanted.current === key && error instanceof Problem) {
                setProblem(error);
            }
        }
    };

    const reload = () =>
        guarded(async () => {
            const current = kept?.key === key ? kept : null;
            const limit = Math.min(
                Math.max(current?.calls.length ?? 0, page_size),
                refresh_size_max,
            );
            const fresh = await ask(filter, limit);
            return current === null
                ? { key, calls: fresh.calls, nextCursor: fresh.next_cursor, arrived: new Set() }
                : merged(current, fresh);
        });

    const more = async () => {
        if (shown?.nextCursor == null || isLoadingMore) {
            return;
        }
        setLoadingMore(true);
        await guarded(async () => {
            const next = await ask(filter, page_size, shown.nextCursor ?? undefined);
            const known = new Set(shown.calls.map((call) => call.id));
            return {
                ...shown,
                calls: [...shown.calls, ...next.calls.filter((call) => !known.has(call.id))],
                nextCursor: next.next_cursor,
                arrived: new Set(),
            };
        });
        setLoadingMore(false);
    };

    useEffect(() => {
        setProblem(null);
        void reload();
    }, [key]);

    return { list: shown, problem, reload, more, isLoadingMore };
}
