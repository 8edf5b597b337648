/* Who is signed in: undefined while nobody knows, null when nobody is. */
import { signal } from '@preact/signals';

import { change, Problem, read, session_hooks, type Session } from '../api/client';
import { events_start, events_stop } from '../api/events';

export const session = signal<Session | null | undefined>(undefined);
/* Why it is not known who is signed in, if so. */
export const session_problem = signal<Problem | null>(null);

function take(value: Session | null): void {
    session_hooks.csrfToken = value?.csrf_token ?? '';
    session.value = value;
    if (value === null) {
        events_stop();
    } else {
        events_start();
    }
}

session_hooks.ended = () => take(null);

export async function session_load(): Promise<void> {
    session_problem.value = null;
    try {
        take(await read('/api/auth/me'));
    } catch (error) {
        if (error instanceof Problem && error.status === 401) {
            take(null);
        } else if (error instanceof Problem) {
            session_problem.value = error;
        } else {
            throw error;
        }
    }
}

export async function session_open(email: string, password: string): Promise<void> {
    take(await change('/api/auth/login', { body: { email, password } }));
}

export async function session_close(): Promise<void> {
    await change('/api/auth/logout').catch(() => undefined);
    take(null);
}

/* May this user change things, and see what concerns the whole customer? The server decides again. */
export function is_manager(): boolean {
    return !['viewer', 'analyst'].includes(session.value?.user.role ?? 'viewer');
}
