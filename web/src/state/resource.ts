/*
 * Something read from the server and shown: at first empty, then the data or the problem. A quiet
 * reload keeps what is shown until the new answer is there; an answer to an outdated question is
 * dropped.
 */
import { useEffect, useRef, useState } from 'preact/hooks';

import { Problem } from '../api/client';
import { events_listen } from '../api/events';

export interface Resource<Data> {
    data: Data | null;
    problem: Problem | null;
    reload: () => Promise<void>;
}

export function use_resource<Data>(
    key: string,
    load: (signal: AbortSignal) => Promise<Data>,
): Resource<Data> {
    const [state, setState] = useState<{ key: string; data: Data | null; problem: Problem | null }>(
        {
            key,
            data: null,
            problem: null,
        },
    );
    const running = useRef<AbortController | null>(null);

    const reload = async () => {
        running.current?.abort();
        const controller = new AbortController();
        running.current = controller;
        try {
            const data = await load(controller.signal);
            if (!controller.signal.aborted) {
                setState({ key, data, problem: null });
            }
        } catch (error) {
            if (controller.signal.aborted) {
                return;
            }
            const problem =
                error instanceof Problem ? error : new Problem(0, 'unexpected', String(error));
            setState((old) => ({ key, data: old.key === key ? old.data : null, problem }));
        }
    };

    useEffect(() => {
        void reload();
        return () => running.current?.abort();
    }, [key]);

    const isCurrent = state.key === key;
    return {
        data: isCurrent ? state.data : null,
        problem: isCurrent ? state.problem : null,
        reload,
    };
}

/* Run `refresh` soon after something changed: once for a burst of events, at most `every_ms`. */
export function use_live(
    refresh: () => void,
    concerns: (callId: string) => boolean,
    every_ms = 250,
): void {
    const latest = useRef({ refresh, concerns });
    latest.current = { refresh, concerns };
    useEffect(() => {
        let timer = 0;
        const leave = events_listen((callId) => {
            if (timer === 0 && (callId === '' || latest.current.concerns(callId))) {
                timer = window.setTimeout(() => {
                    timer = 0;
                    latest.current.refresh();
                }, every_ms);
            }
        });
        return () => {
            leave();
            window.clearTimeout(timer);
        };
    }, []);
}
