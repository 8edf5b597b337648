/*
 * What happens on the server, as it happens. One connection for all pages; it comes back by itself.
 * An event only says that something changed: pages read again what they show.
 */
import { signal } from '@preact/signals';

import type { DoctorEvent } from './client';

const names = ['call', 'recording', 'transcript', 'insight'] as const;
const again_after_ms = 5000;

export const is_live = signal(false);

type Listener = (callId: string) => void;
const listeners = new Set<Listener>();
/* Events that are not about one call. */
interface Told {
    doctor: DoctorEvent;
    alarm: object;
}
const told: { [Name in keyof Told]: Set<(data: Told[Name]) => void> } = {
    doctor: new Set(),
    alarm: new Set(),
};
let source: EventSource | null = null;
let timer = 0;

function connect(): void {
    source = new EventSource('/api/events');
    source.onopen = () => {
        /* What happened while nobody listened is read now. */
        is_live.value = true;
        listeners.forEach((listener) => listener(''));
    };
    source.onerror = () => {
        is_live.value = false;
        if (source?.readyState === EventSource.CLOSED) {
            timer = window.setTimeout(connect, again_after_ms);
        }
    };
    for (const name of names) {
        source.addEventListener(name, (event) => {
            const callId = call_of((event as MessageEvent<string>).data);
            listeners.forEach((listener) => listener(callId));
        });
    }
    for (const name of ['doctor', 'alarm'] as const) {
        source.addEventListener(name, (event) => {
            tell(name, (event as MessageEvent<string>).data);
        });
    }
}

function tell<Name extends keyof Told>(name: Name, text: string): void {
    try {
        const data = JSON.parse(text) as Told[Name];
        told[name].forEach((listener) => listener(data));
    } catch {
        /* Not ours to understand: the page reads again anyway. */
    }
}

function call_of(data: string): string {
    try {
        return String((JSON.parse(data) as { call_id?: unknown }).call_id ?? '');
    } catch {
        return '';
    }
}

export function events_start(): void {
    if (source === null) {
        connect();
    }
}

export function events_stop(): void {
    window.clearTimeout(timer);
    source?.close();
    source = null;
    is_live.value = false;
}

/* Call `listener` with the id of each call that changed; '' means "any". Returns the way out. */
export function events_listen(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

/* Call `listener` with each event of that name. Returns the way out. */
export function events_told<Name extends keyof Told>(
    name: Name,
    listener: (data: Told[Name]) => void,
): () => void {
    told[name].add(listener);
    return () => told[name].delete(listener);
}
