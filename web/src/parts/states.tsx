/* What a page shows when it has nothing else to show. */
import type { ComponentChildren } from 'preact';

import type { Problem } from '../api/client';
import { texts } from '../texts';
import { Icon, type IconName } from './icon';

export function Empty(props: { icon?: IconName; title: string; children?: ComponentChildren }) {
    return (
        <div class="empty">
            <Icon name={props.icon ?? 'empty'} size={32} />
            <h2>{props.title}</h2>
            {props.children}
        </div>
    );
}

export function problem_text(problem: Problem): string {
    return problem.status === 0
        ? texts.errors.unreachable
        : texts.errors.unexpected(problem.status, problem.message);
}

export function Failed({ problem, again }: { problem: Problem; again: () => void }) {
    return (
        <div role="alert">
            <Empty icon="missing" title={texts.errors.title}>
                <p>{problem_text(problem)}</p>
                <button type="button" class="button" onClick={again}>
                    <Icon name="retry" />
                    {texts.errors.again}
                </button>
            </Empty>
        </div>
    );
}

/* Grey bars where rows will be. Says what is being loaded to those who cannot see them. */
export function Loading({ label, rows = 6 }: { label: string; rows?: number }) {
    return (
        <div class="loading" role="status" aria-label={label}>
            {Array.from({ length: rows }, (_, index) => (
                <div key={index} class="bar" />
            ))}
        </div>
    );
}
