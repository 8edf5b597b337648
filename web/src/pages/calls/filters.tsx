/* The filters. They stand in the address, so that a filtered list can be shared and kept. */
import { useEffect, useRef } from 'preact/hooks';

import type { Direction, RecordingState } from '../../api/client';
import { Icon } from '../../parts/icon';
import { go, place, withQuery } from '../../router';
import { reasonTitle, texts } from '../../texts';
import { is_filtered } from './filter';

const t = texts.calls;
const typing_ms = 250;
const directions: Direction[] = ['inbound', 'outbound', 'internal'];
const states: RecordingState[] = ['stored', 'waiting', 'fetching', 'missing', 'not_expected'];

function Search() {
    const field = useRef<HTMLInputElement>(null);
    const timer = useRef(0);
    const value = place.value.searchParams.get('q') ?? '';

    /* The address may change without us (Back, a link); not while somebody types. */
    useEffect(() => {
        if (field.current !== null && document.activeElement !== field.current) {
            field.current.value = value;
        }
    }, [value]);
    useEffect(() => () => window.clearTimeout(timer.current), []);

    const apply = () => {
        window.clearTimeout(timer.current);
        go(withQuery({ q: field.current?.value.trim() ?? '' }), { replace: true });
    };
    const typed = () => {
        window.clearTimeout(timer.current);
        timer.current = window.setTimeout(apply, typing_ms);
    };
    return (
        <form
            class="search"
            role="search"
            onSubmit={(event) => {
                event.preventDefault();
                apply();
            }}
        >
            <Icon name="search" />
            <input
                ref={field}
                type="search"
                aria-label={t.search}
                placeholder={t.search}
                maxLength={200}
                defaultValue={value}
                onInput={typed}
            />
        </form>
    );
}

function Choice(props: {
    name: string;
    label: string;
    groups: { label?: string; options: [value: string, text: string][] }[];
}) {
    const value = place.value.searchParams.get(props.name) ?? '';
    const options = (group: [string, string][]) =>
        group.map(([option, text]) => (
            <option key={option} value={option} selected={option === value}>
                {text}
            </option>
        ));
    return (
        <span class={`select ${value === '' ? '' : 'on'}`}>
            <select
                aria-label={props.label}
                value={value}
                onChange={(event) => go(withQuery({ [props.name]: event.currentTarget.value }))}
            >
                {props.groups.map((group, index) =>
                    group.label === undefined ? (
                        options(group.options)
                    ) : (
                        <optgroup key={index} label={group.label}>
                            {options(group.options)}
                        </optgroup>
                    ),
                )}
            </select>
            <Icon name="chevron" size={16} />
        </span>
    );
}

export function Filters({ reasons }: { reasons: string[] }) {
    const search = place.value.searchParams;
    const recording = search.get('recording') ?? '';
    const isReason = recording !== '' && !(states as string[]).includes(recording);
    const codes = isReason && !reasons.includes(recording) ? [...reasons, recording] : reasons;
    const tenant = search.get('tenant') ?? '';
    return (
        <div class="filters">
            <Search />
            <div class="choices">
                <Choice
                    name="direction"
                    label={t.direction}
                    groups={[
                        {
                            options: [
                                ['', t.anyDirection],
                                ...directions.map((one): [string, string] => [
                                    one,
                                    texts.directions[one],
                                ]),
                            ],
                        },
                    ]}
                />
                <Choice
                    name="recording"
                    label={t.recording}
                    groups={[
                        {
                            options: [
                                ['', t.anyRecording],
                                ...states.map((one): [string, string] => [
                                    one,
                                    texts.recordingStates[one],
                                ]),
                            ],
                        },
                        ...(codes.length === 0
                            ? []
                            : [
                                  {
                                      label: texts.collection.why,
                                      options: codes.map((code): [string, string] => [
                                          code,
                                          reasonTitle(code),
                                      ]),
                                  },
                              ]),
                    ]}
                />
                <Choice
                    name="period"
                    label={t.period}
                    groups={[
                        {
                            options: Object.entries(t.periods).map(([value, text]) => [
                                value === 'all' ? '' : value,
                                text,
                            ]),
                        },
                    ]}
                />
                {tenant !== '' && <span class="chip plain">{t.tenantOnly(tenant)}</span>}
                {is_filtered(search) && (
                    <a class="button quiet" href="/calls">
                        {t.clear}
                    </a>
                )}
            </div>
        </div>
    );
}
