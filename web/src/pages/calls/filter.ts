/* The filter as it stands in the address: shareable, and the Back button's. */
import type { Filter } from '../../state/calls';

const filter_names = ['q', 'direction', 'recording', 'period', 'tenant'] as const;
export const is_filtered = (search: URLSearchParams) =>
    filter_names.some((name) => (search.get(name) ?? '') !== '');

/* "7d" is midnight six days ago, so that the answer does not change with every second. */
export function period_start(period: string, now = new Date()): string {
    const days: Record<string, number> = { today: 0, '7d': 6, '30d': 29 };
    const back = days[period];
    return back === undefined
        ? ''
        : new Date(now.getFullYear(), now.getMonth(), now.getDate() - back).toISOString();
}

export function filter_of(search: URLSearchParams): Filter {
    const value = (name: string) => search.get(name) ?? '';
    return {
        q: value('q'),
        direction: value('direction'),
        recording: value('recording'),
        tenant: value('tenant'),
        from: period_start(value('period')),
    };
}
