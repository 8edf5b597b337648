/* A value that people carry elsewhere, with a button that copies it. */
import { useEffect, useState } from 'preact/hooks';

import { texts } from '../texts';
import { Icon } from './icon';

async function copy(text: string): Promise<boolean> {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copy_by_selection(text);
    }
}

/* The clipboard API exists only on https and localhost; a server in the office has neither. */
function copy_by_selection(text: string): boolean {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'offscreen';
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    return isCopied;
}

export function CopyButton({ text, label }: { text: string; label?: string }) {
    const [isDone, setDone] = useState(false);
    useEffect(() => {
        const timer = isDone ? window.setTimeout(() => setDone(false), 2000) : 0;
        return () => window.clearTimeout(timer);
    }, [isDone]);
    return (
        <button
            type="button"
            class="button quiet small"
            aria-label={isDone ? texts.copy.done : (label ?? texts.copy.action)}
            onClick={async () => setDone(await copy(text))}
        >
            <Icon name={isDone ? 'stored' : 'copy'} size={16} />
            {label === undefined && (isDone ? texts.copy.done : texts.copy.action)}
        </button>
    );
}
