/* Behind the scenes: what was done when, every request to the phone system, and its own records. */
import { Fragment } from 'preact';

import { read, type Attempt, type Call, type Leg, type TimelineEntry } from '../../api/client';
import { clock_exact, day, duration, whole } from '../../format';
import { Chip } from '../../parts/chip';
import { Failed, Loading } from '../../parts/states';
import { Tabs } from '../../parts/tabs';
import type { Resource } from '../../state/resource';
import { reasonTitle, spoken, texts } from '../../texts';

const t = texts.history;
const none = texts.units.none;

export type Attempts = Awaited<ReturnType<typeof read<'/api/calls/{id}/attempts'>>>;

const bad_events = new Set(['failed', 'missing', 'refused', 'gave_up']);
const good_events = new Set(['stored', 'ready', 'transcribed', 'analysed', 'done']);

function tone_of(event: string): string {
    if (bad_events.has(event)) {
        return 'bad';
    }
    return good_events.has(event) ? 'good' : '';
}

function Moment({ at }: { at: string }) {
    return (
        <time dateTime={at}>
            <span class="muted">{day(at)}</span> {clock_exact(at)}
        </time>
    );
}

function Timeline({ entries }: { entries: TimelineEntry[] }) {
    if (entries.length === 0) {
        return <p class="quiet-state">{t.noTimeline}</p>;
    }
    return (
        <ol class="timeline">
            {entries.map((entry, index) => (
                <li key={index} class={tone_of(entry.event)}>
                    <Moment at={entry.at} />
                    <div>
                        <strong>{spoken(entry.event)}</strong>{' '}
                        <span class="muted">{t.stages[entry.stage] ?? spoken(entry.stage)}</span>
                        {entry.detail !== null && entry.detail !== '' && (
                            <p class="muted">{entry.detail}</p>
                        )}
                    </div>
                </li>
            ))}
        </ol>
    );
}

/* One cell; its column's name is repeated where the table becomes cards. */
function Cell(props: { label: string; children: preact.ComponentChildren; class?: string }) {
    return (
        <td role="cell" data-label={props.label} class={props.class}>
            {props.children}
        </td>
    );
}

function Heads({ labels }: { labels: string[] }) {
    return (
        <thead role="rowgroup">
            <tr role="row">
                {labels.map((label) => (
                    <th key={label} role="columnheader">
                        {label}
                    </th>
                ))}
            </tr>
        </thead>
    );
}

/* "52494646 |RIFF|": first what people can read, then the bytes themselves. */
function FirstBytes({ bytes }: { bytes: string }) {
    const [, hex, readable] = /^([0-9a-f]+) \|(.*)\|$/s.exec(bytes) ?? [];
    return (
        <>
            <code class="readable">{readable ?? bytes}</code>
            {hex !== undefined && (
                <code class="clamped" title={hex}>
                    {hex.replace(/../g, '$& ')}
                </code>
            )}
        </>
    );
}

function AttemptRow({ attempt }: { attempt: Attempt }) {
    const c = t.attempt;
    const isWell = attempt.reason === null;
    return (
        <tr role="row">
            <Cell label={c.at}>
                <Moment at={attempt.at} />
            </Cell>
            <Cell label={c.request} class="wide">
                <strong>{spoken(attempt.purpose)}</strong>
                <code>
                    {attempt.method} {attempt.url}
                </code>
                {attempt.request !== null && attempt.request !== '' && (
                    <code>{attempt.request}</code>
                )}
            </Cell>
            <Cell label={c.answer}>
                {attempt.http_status === null ? (
                    <span class="muted">{c.noAnswer}</span>
                ) : (
                    <>
                        <span class="number">{attempt.http_status}</span>
                        <span class="below">{attempt.content_type ?? c.noType}</span>
                    </>
                )}
            </Cell>
            <Cell label={c.size}>
                <span class="number">{attempt.bytes === null ? none : whole(attempt.bytes)}</span>
                {attempt.content_length !== null && attempt.content_length !== attempt.bytes && (
                    <span class="below">{c.announced(whole(attempt.content_length))}</span>
                )}
            </Cell>
            <Cell label={c.firstBytes} class="wide">
                {attempt.first_bytes ? <FirstBytes bytes={attempt.first_bytes} /> : none}
            </Cell>
            <Cell label={c.verdict}>
                <Chip
                    tone={isWell ? 'good' : 'bad'}
                    icon={isWell ? 'stored' : 'missing'}
                    text={attempt.reason === null ? c.fine : reasonTitle(attempt.reason)}
                />
                {attempt.verdict && <span class="below">{attempt.verdict}</span>}
            </Cell>
            <Cell label={c.duration}>
                <span class="number">{texts.units.milliseconds(whole(attempt.duration_ms))}</span>
            </Cell>
        </tr>
    );
}

function AttemptsTable({ attempts }: { attempts: Resource<Attempts> }) {
    if (attempts.data === null) {
        return attempts.problem === null ? (
            <Loading label={t.attempts} rows={3} />
        ) : (
            <Failed problem={attempts.problem} again={() => void attempts.reload()} />
        );
    }
    if (attempts.data.attempts.length === 0) {
        return <p class="quiet-state">{t.noAttempts}</p>;
    }
    const c = t.attempt;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={t.attempts}>
            <table role="table" class="records">
                <Heads
                    labels={[
                        c.at,
                        c.request,
                        c.answer,
                        c.size,
                        c.firstBytes,
                        c.verdict,
                        c.duration,
                    ]}
                />
                <tbody role="rowgroup">
                    {attempts.data.attempts.map((attempt) => (
                        <AttemptRow key={attempt.id} attempt={attempt} />
                    ))}
                </tbody>
            </table>
        </div>
    );
}

/* A leg's members may be anything the phone system sent. */
function shown(value: unknown): string {
    return typeof value === 'object' && value !== null
        ? JSON.stringify(value)
        : String(value ?? '');
}

function LegRow({ leg }: { leg: Leg }) {
    const c = t.leg;
    return (
        <tr role="row">
            <Cell label={c.id}>
                <span class="number">{leg.acct_id}</span>
                <span class="below">{leg.uniqueid}</span>
            </Cell>
            <Cell label={c.parties}>
                {leg.src} → {leg.dst}
            </Cell>
            <Cell label={c.action}>{leg.action_type || none}</Cell>
            <Cell label={c.started}>{leg.started_at ? <Moment at={leg.started_at} /> : none}</Cell>
            <Cell label={c.length}>
                <span class="number">{duration(leg.duration_s)}</span>
            </Cell>
            <Cell label={c.disposition}>
                {leg.disposition
                    ? (texts.dispositions[leg.disposition] ?? spoken(leg.disposition))
                    : none}
            </Cell>
            <Cell label={c.files} class="wide">
                {leg.recordfiles ? <code>{leg.recordfiles}</code> : none}
            </Cell>
        </tr>
    );
}

/* Whatever the phone system sent, for those who know their way in it. */
function LegFields({ leg }: { leg: Leg }) {
    const filled = Object.entries(leg).filter(([, value]) => shown(value) !== '');
    return (
        <tr role="row" class="all-fields">
            <td role="cell" colSpan={7} aria-colspan={7}>
                <details>
                    <summary>{t.leg.all}</summary>
                    <dl class="fields">
                        {filled.map(([name, value]) => (
                            <div key={name}>
                                <dt>{name}</dt>
                                <dd>{shown(value)}</dd>
                            </div>
                        ))}
                    </dl>
                </details>
            </td>
        </tr>
    );
}

function LegsTable({ legs }: { legs: Leg[] }) {
    if (legs.length === 0) {
        return <p class="quiet-state">{t.noLegs}</p>;
    }
    const c = t.leg;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={t.legs}>
            <table role="table" class="records">
                <Heads
                    labels={[
                        c.id,
                        c.parties,
                        c.action,
                        c.started,
                        c.length,
                        c.disposition,
                        c.files,
                    ]}
                />
                <tbody role="rowgroup">
                    {legs.map((leg) => (
                        <Fragment key={`${leg.acct_id} ${leg.uniqueid}`}>
                            <LegRow leg={leg} />
                            <LegFields leg={leg} />
                        </Fragment>
                    ))}
                </tbody>
            </table>
        </div>
    );
}

export function HistoryCard({ call, attempts }: { call: Call; attempts: Resource<Attempts> }) {
    const tried = attempts.data?.attempts.length;
    return (
        <section class="card history" aria-label={t.label}>
            <Tabs
                label={t.label}
                tabs={[
                    {
                        id: 'timeline',
                        label: t.timeline,
                        content: () => <Timeline entries={call.timeline} />,
                    },
                    {
                        id: 'attempts',
                        label: t.attempts,
                        ...(tried === undefined ? {} : { count: tried }),
                        content: () => <AttemptsTable attempts={attempts} />,
                    },
                    {
                        id: 'legs',
                        label: t.legs,
                        count: call.legs.length,
                        content: () => <LegsTable legs={call.legs} />,
                    },
                ]}
            />
        </section>
    );
}
