/*
 * Where we are. Links stay ordinary <a href>; a click on one of ours changes `place` instead of
 * loading a page. Addresses of the API and downloads go to the server as always.
 */
import { signal } from '@preact/signals';

export const place = signal(new URL(location.href));

/* Go to an address of the dashboard. `replace` leaves no entry behind for the Back button. */
export function go(href: string, { replace = false } = {}): void {
    const target = new URL(href, location.href);
    if (target.href === place.value.href) {
        return;
    }
    const isNewPage = target.pathname !== place.value.pathname;
    history[replace ? 'replaceState' : 'pushState'](null, '', target);
    place.value = target;
    if (isNewPage && target.hash === '') {
        scrollTo(0, 0);
    }
}

/* The present address with some query parameters changed; an empty value removes one. */
export function withQuery(changes: Record<string, string>): string {
    const url = new URL(place.value);
    for (const [name, value] of Object.entries(changes)) {
        if (value === '') {
            url.searchParams.delete(name);
        } else {
            url.searchParams.set(name, value);
        }
    }
    return url.pathname + url.search;
}

/* "/calls/{id}" against "/calls/7" is { id: '7' }; null when it does not fit. */
export function match(pattern: string, path: string): Record<string, string> | null {
    const wanted = pattern.split('/');
    const given = path.replace(/(.)\/$/, '$1').split('/');
    if (wanted.length !== given.length) {
        return null;
    }
    const found: Record<string, string> = {};
    for (const [index, segment] of wanted.entries()) {
        const value = given[index] ?? '';
        if (segment.startsWith('{')) {
            try {
                found[segment.slice(1, -1)] = decodeURIComponent(value);
            } catch {
                return null;
            }
        } else if (segment !== value) {
            return null;
        }
    }
    return found;
}

function isOurs(link: HTMLAnchorElement): boolean {
    return (
        link.origin === location.origin &&
        link.target === '' &&
        !link.hasAttribute('download') &&
        !link.pathname.startsWith('/api/')
    );
}

export function router_start(): void {
    addEventListener('popstate', () => {
        place.value = new URL(location.href);
    });
    document.addEventListener('click', (event) => {
        const link = (event.target as Element).closest?.('a');
        const isPlain =
            event.button === 0 &&
            !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
        if (!link?.href || !isPlain || event.defaultPrevented || !isOurs(link)) {
            return;
        }
        if (link.hash !== '' && link.pathname === location.pathname) {
            return; /* A jump within the page is the browser's own. */
        }
        event.preventDefault();
        go(link.href);
    });
}
