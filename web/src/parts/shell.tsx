/* What stands around every page: the way to the others, the live light, the colours, the way out. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

import { is_live } from '../api/events';
import { place } from '../router';
import { alarm_count, alarms_watch } from '../state/alarms';
import { notice } from '../state/notice';
import { is_manager, session, session_close } from '../state/session';
import { theme, theme_choose, themes, type Theme } from '../state/theme';
import { texts } from '../texts';
import { Icon, type IconName } from './icon';

/* A further page of the dashboard is a further row here and in app.tsx. */
const entries: {
    href: string;
    icon: IconName;
    label: string;
    holds: (path: string) => boolean;
    count?: () => number;
    isForManagers?: boolean;
}[] = [
    {
        href: '/calls',
        icon: 'calls',
        label: texts.nav.calls,
        holds: (path) => path === '/' || path.startsWith('/calls'),
    },
    {
        href: '/alarms',
        icon: 'alarms',
        label: texts.nav.alarms,
        holds: (path) => path.startsWith('/alarms'),
        count: () => alarm_count.value,
        isForManagers: true,
    },
    {
        href: '/doctor',
        icon: 'doctor',
        label: texts.nav.doctor,
        holds: (path) => path.startsWith('/doctor'),
        isForManagers: true,
    },
    {
        href: '/quarantine',
        icon: 'quarantine',
        label: texts.nav.quarantine,
        holds: (path) => path.startsWith('/quarantine'),
        isForManagers: true,
    },
];

export function Logo() {
    return (
        <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <rect width="32" height="32" rx="8" />
            <path d="M8 13v6M13.300 8v16M18.700 11v10M24 14v4" />
        </svg>
    );
}

export function ThemeChoice() {
    const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
    const { label } = texts.nav.theme;
    const name = `${label}: ${texts.nav.theme[theme.value]}`;
    return (
        <button
            type="button"
            class="button quiet"
            aria-label={name}
            title={themes.map((one) => texts.nav.theme[one]).join(' → ')}
            onClick={() => theme_choose(next[theme.value])}
        >
            <Icon name={theme.value} />
            <span class="wide-only">{name}</span>
        </button>
    );
}

function Live() {
    const { live, notLive, liveHint, notLiveHint } = texts.nav;
    return (
        <p
            class={`live ${is_live.value ? 'on' : ''}`}
            title={is_live.value ? liveHint : notLiveHint}
        >
            {is_live.value ? live : notLive}
        </p>
    );
}

function Navigation() {
    const path = place.value.pathname;
    useEffect(() => (is_manager() ? alarms_watch() : undefined), []);
    return (
        <nav aria-label={texts.nav.label}>
            {entries
                .filter((entry) => !entry.isForManagers || is_manager())
                .map((entry) => (
                    <a
                        key={entry.href}
                        href={entry.href}
                        aria-current={entry.holds(path) ? 'page' : undefined}
                    >
                        <Icon name={entry.icon} />
                        <span>{entry.label}</span>
                        {(entry.count?.() ?? 0) > 0 && <b class="badge">{entry.count?.()}</b>}
                    </a>
                ))}
        </nav>
    );
}

export function Shell({ children }: { children: ComponentChildren }) {
    const email = session.value?.user.email ?? '';
    return (
        <div class="shell">
            <a class="skip" href="#main">
                {texts.skip}
            </a>
            <header class="side">
                <a class="brand" href="/calls" aria-label={texts.product}>
                    <Logo />
                    <span>{texts.product}</span>
                </a>
                <Navigation />
                <div class="side-foot">
                    <Live />
                    <ThemeChoice />
                    <button
                        type="button"
                        class="button quiet"
                        title={texts.nav.signedInAs(email)}
                        aria-label={`${texts.nav.signOut} (${email})`}
                        onClick={() => void session_close()}
                    >
                        <Icon name="leave" />
                        <span class="wide-only">{texts.nav.signOut}</span>
                    </button>
                    <p class="who wide-only">{email}</p>
                </div>
            </header>
            <main id="main" tabIndex={-1}>
                {children}
            </main>
            <p class="notice" role="status">
                {notice.value}
            </p>
        </div>
    );
}
