/* Tabs as the ARIA authoring practices have them: one stop for Tab, arrows between them. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';

export interface Tab {
    id: string;
    label: string;
    count?: number;
    content: () => ComponentChildren;
}

const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
    const [chosen, setChosen] = useState(0);
    const list = useRef<HTMLDivElement>(null);

    const move = (event: KeyboardEvent) => {
        const step = steps[event.key];
        if (step === undefined) {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
        const next = (chosen + step + tabs.length) % tabs.length;
        setChosen(next);
        (list.current?.children[next] as HTMLElement | undefined)?.focus();
    };

    const tab = tabs[chosen];
    return (
        <>
            <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
                {tabs.map((one, index) => (
                    <button
                        key={one.id}
                        type="button"
                        role="tab"
                        id={`tab-${one.id}`}
                        aria-controls={`panel-${one.id}`}
                        aria-selected={index === chosen}
                        tabIndex={index === chosen ? 0 : -1}
                        onClick={() => setChosen(index)}
                    >
                        {one.label}
                        {one.count !== undefined && <span class="count">{one.count}</span>}
                    </button>
                ))}
            </div>
            {tabs.map((one) => (
                <div
                    key={one.id}
                    role="tabpanel"
                    id={`panel-${one.id}`}
                    aria-labelledby={`tab-${one.id}`}
                    hidden={one !== tab}
                >
                    {one === tab && one.content()}
                </div>
            ))}
        </>
    );
}
