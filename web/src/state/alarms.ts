/* How many alarms stand: for the badge that every page shows. */
import { signal } from '@preact/signals';

import { read } from '../api/client';
import { events_listen, events_told } from '../api/events';

export const alarm_count = signal(0);

async function count(): Promise<void> {
    try {
        alarm_count.value = (await read('/api/alarms')).alarms.length;
    } catch {
        /* The alarms' own page says what is the matter. */
    }
}

/* Keep the count until the way out is called. */
export function alarms_watch(): () => void {
    void count();
    const leave_alarms = events_told('alarm', () => void count());
    const leave_any = events_listen((callId) => {
        if (callId === '') {
            void count(); /* The connection came back. */
        }
    });
    return () => {
        leave_alarms();
        leave_any();
    };
}
