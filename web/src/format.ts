/* Figures and instants as people read them. Pure; the browser's language decides on dates. */
import { texts } from './texts';

const none = texts.units.none;

/* A length: 75.6 is "1:16", 3725 is "1:02:05". */
export function duration(seconds: number | null | undefined): string {
    if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) {
        return none;
    }
    const whole = Math.round(seconds);
    const two = (n: number) => String(n).padStart(2, '0');
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    return hours > 0
        ? `${hours}:${two(minutes)}:${two(whole % 60)}`
        : `${minutes}:${two(whole % 60)}`;
}

/* A place in the sound: 75.6 is still in "1:15". */
export const position = (seconds: number): string => duration(Math.floor(seconds));

/* A length that is often short: 0.8 is "0.8 s", 75.4 is "1:15". */
export function stretch(seconds: number | null): string {
    return seconds !== null && seconds >= 0 && seconds < 10
        ? texts.units.seconds(seconds.toFixed(1))
        : duration(seconds);
}

/* 2240044 is "2.24 MB". */
export function size(bytes: number | null | undefined): string {
    if (bytes === null || bytes === undefined) {
        return none;
    }
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let value = bytes;
    let unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
        value /= 1000;
        unit++;
    }
    return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

export const whole = (n: number): string => n.toLocaleString();

/* 0.7142 is "71 %". Only a full house is 100 %. */
export function percent(ratio: number | null | undefined): string {
    if (ratio === null || ratio === undefined) {
        return none;
    }
    const rounded = Math.round(ratio * 100);
    return `${rounded === 100 && ratio < 1 ? 99 : rounded} %`;
}

const clock_form = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const exact_form = new Intl.DateTimeFormat(undefined, {
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit',
});
const day_form = new Intl.DateTimeFormat(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
});
const day_year_form = new Intl.DateTimeFormat(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
});

export const clock = (at: string): string => clock_form.format(new Date(at));
export const clock_exact = (at: string): string => exact_form.format(new Date(at));

/* "Today", "Yesterday", "Thu, Feb 5", with the year when it is another one. */
export function day(at: string, now = new Date()): string {
    const date = new Date(at);
    const midnight = (d: Date) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
    const days = Math.round((midnight(now) - midnight(date)) / 86_400_000);
    if (days === 0) {
        return texts.calls.today;
    }
    if (days === 1) {
        return texts.calls.yesterday;
    }
    return (date.getFullYear() === now.getFullYear() ? day_form : day_year_form).format(date);
}

export const moment = (at: string, now = new Date()): string => `${day(at, now)}, ${clock(at)}`;

/* "in 2 minutes", "5 hours ago". */
export function relative(at: string, now = Date.now()): string {
    const form = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
    const seconds = Math.round((new Date(at).getTime() - now) / 1000);
    const steps: [Intl.RelativeTimeFormatUnit, number][] = [
        ['day', 86_400],
        ['hour', 3600],
        ['minute', 60],
    ];
    for (const [unit, length] of steps) {
        if (Math.abs(seconds) >= length) {
            return form.format(Math.round(seconds / length), unit);
        }
    }
    return form.format(seconds, 'second');
}
