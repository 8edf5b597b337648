/* The promise in figures: how many recordings the phone system made, how many are here, why not all.
 * Each figure leads to its calls; pressed again it leads back. */
import type { Collection } from '../../api/client';
import { percent, whole } from '../../format';
import { Icon, type IconName } from '../../parts/icon';
import { place, withQuery } from '../../router';
import { reasonTitle, texts } from '../../texts';
import { RetryAll } from './retry_all';
import { Unrecorded } from './unrecorded';

const t = texts.collection;

function FilterLink(props: { value: string; class: string; children: preact.ComponentChildren }) {
    const isOn = place.value.searchParams.get('recording') === props.value;
    return (
        <a
            class={props.class}
            href={withQuery({ recording: isOn ? '' : props.value })}
            aria-current={isOn ? 'true' : undefined}
        >
            {props.children}
        </a>
    );
}

function Figure(props: {
    state: string;
    tone: string;
    icon: IconName;
    label: string;
    count: number;
}) {
    return (
        <FilterLink value={props.state} class={`figure-link ${props.count > 0 ? props.tone : ''}`}>
            <span class="figure-label">
                <Icon name={props.icon} size={16} />
                {props.label}
            </span>
            <span class="figure-count">{whole(props.count)}</span>
        </FilterLink>
    );
}

/* Stored, waiting and missing as one bar. The figures beside it say the same in words. */
function Bar({ collection }: { collection: Collection }) {
    const total = Math.max(collection.expected, 1);
    let x = 0;
    return (
        <svg class="yield-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            {(['stored', 'waiting', 'missing'] as const).map((part) => {
                const width = (collection[part] / total) * 100;
                const at = x;
                x += width;
                return <rect key={part} class={part} x={at} width={width} height="1" />;
            })}
        </svg>
    );
}

export function CollectionStrip(props: {
    collection: Collection | null;
    range: { from: string; tenant: string };
    done: () => void;
}) {
    const { collection } = props;
    if (collection === null) {
        return <section class="collection card pending" aria-label={t.label} />;
    }
    const isComplete = collection.expected > 0 && collection.stored === collection.expected;
    return (
        <section class="collection card" aria-label={t.label}>
            <div class="yield">
                <p class="figure-label">{t.yield}</p>
                <p class="yield-figure">{percent(collection.yield)}</p>
                <Bar collection={collection} />
                <p class="muted">
                    {collection.expected === 0
                        ? t.nothing
                        : t.of(collection.stored, collection.expected)}
                </p>
            </div>
            <div class="figures">
                <Figure
                    state="stored"
                    tone="good"
                    icon="stored"
                    label={t.stored}
                    count={collection.stored}
                />
                <Figure
                    state="waiting"
                    tone="wait"
                    icon="waiting"
                    label={t.waiting}
                    count={collection.waiting}
                />
                <Figure
                    state="missing"
                    tone="bad"
                    icon="missing"
                    label={t.missing}
                    count={collection.missing}
                />
                <Figure
                    state="not_expected"
                    tone="plain"
                    icon="not_expected"
                    label={t.notExpected}
                    count={collection.not_expected}
                />
            </div>
            {collection.reasons.length > 0 && (
                <div class="reasons">
                    <p class="figure-label">{t.why}</p>
                    <ul>
                        {collection.reasons.map((reason) => (
                            <li key={reason.code}>
                                <FilterLink value={reason.code} class="reason-link">
                                    {reasonTitle(reason.code)}
                                    <span class="count">{whole(reason.count)}</span>
                                </FilterLink>
                            </li>
                        ))}
                    </ul>
                </div>
            )}
            <RetryAll collection={collection} range={props.range} done={props.done} />
            {isComplete && (
                <p class="reasons complete">
                    <Icon name="stored" size={16} />
                    {t.complete}
                </p>
            )}
            <Unrecorded unrecorded={collection.unrecorded} />
        </section>
    );
}
