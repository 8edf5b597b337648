/* One short sentence at the foot of the page, read out by screen readers, gone by itself. */
import { signal } from '@preact/signals';

const stays_ms = 6000;
let timer = 0;

export const notice = signal('');

export function notice_show(text: string): void {
    window.clearTimeout(timer);
    notice.value = text;
    timer = window.setTimeout(() => {
        notice.value = '';
    }, stays_ms);
}
