/* Light or dark: the system's choice, until somebody makes another here. */
import { effect, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'audiapro.theme';

function remembered(): Theme {
    try {
        return themes.find((theme) => theme === localStorage.getItem(key)) ?? 'system';
    } catch {
        return 'system'; /* Storage may be switched off. */
    }
}

export const theme = signal<Theme>(remembered());

export function theme_choose(value: Theme): void {
    theme.value = value;
    try {
        localStorage.setItem(key, value);
    } catch {
        /* It then lasts until the page is left. */
    }
}

export function theme_start(): void {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const isSystemDark = signal(system.matches);
    system.addEventListener('change', () => {
        isSystemDark.value = system.matches;
    });
    effect(() => {
        const isDark = theme.value === 'system' ? isSystemDark.value : theme.value === 'dark';
        document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
    });
}
