/* The head of a page. On arrival the title takes the focus, so that a screen reader says where we
 * are and the next Tab starts there. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { texts } from '../texts';

let is_first_page = true;

export function Title({ text, children }: { text: string; children?: ComponentChildren }) {
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => {
        if (!is_first_page) {
            heading.current?.focus({ preventScroll: true });
        }
        is_first_page = false;
    }, []);
    useEffect(() => {
        document.title = `${text} · ${texts.product}`;
    }, [text]);
    return (
        <h1 ref={heading} tabIndex={-1}>
            {children ?? text}
        </h1>
    );
}
