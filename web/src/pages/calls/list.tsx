/*
 * The list by days. A table for screen readers at every width (the roles are written out, because a
 * narrow screen lays the cells out as a card); the link in the parties' cell covers its whole row.
 */
import type { CallSummary } from '../../api/client';
import { clock, day, duration } from '../../format';
import { reason_of, RecordingChip, WorkChip } from '../../parts/chip';
import { Icon } from '../../parts/icon';
import { Instant } from '../../parts/instant';
import { session } from '../../state/session';
import { spoken, texts } from '../../texts';

const columns = texts.calls.columns;

/* What happened: how long they talked, or why they did not. */
function Outcome({ call }: { call: CallSummary }) {
    const isAnswered = call.disposition === 'ANSWERED' || (call.talk_s ?? 0) > 0;
    return isAnswered ? (
        <span class="number">{duration(call.talk_s)}</span>
    ) : (
        <span class="muted">
            {texts.dispositions[call.disposition] ?? spoken(call.disposition)}
        </span>
    );
}

function Parties({ call }: { call: CallSummary }) {
    const hasName = call.caller_name !== null && call.caller_name !== '';
    const isOperator = session.value?.user.tenant === null;
    const below = [hasName ? call.from : '', isOperator ? call.tenant : ''].filter(
        (text) => text !== '',
    );
    return (
        <>
            <a class="cover" href={`/calls/${encodeURIComponent(call.id)}`}>
                <span class="party">{hasName ? call.caller_name : call.from}</span>
                <Icon name="arrow" size={14} />
                <span class="offscreen">{texts.calls.to}</span>
                <span class="party">{call.to}</span>
            </a>
            {below.length > 0 && <span class="below">{below.join(' · ')}</span>}
        </>
    );
}

function Row({ call, isNew }: { call: CallSummary; isNew: boolean }) {
    const reason = reason_of(call.recordings, call.recording_state);
    return (
        <tr role="row" class={`row ${isNew ? 'new' : ''}`}>
            <td role="cell" class="at">
                <Instant at={call.started_at} form={clock} />
            </td>
            <td role="cell" class="direction" title={texts.directions[call.direction]}>
                <Icon name={call.direction} />
                <span class="offscreen">{texts.directions[call.direction]}</span>
            </td>
            <td role="cell" class="parties">
                <Parties call={call} />
            </td>
            <td role="cell" class="length">
                <Outcome call={call} />
            </td>
            <td role="cell" class="recording">
                <RecordingChip state={call.recording_state} />
                {reason !== '' && <span class="below">{reason}</span>}
            </td>
            <td role="cell" class="transcript">
                {call.transcript_state === 'none' ? (
                    <span class="muted">{texts.transcriptStates.none}</span>
                ) : (
                    <WorkChip state={call.transcript_state} />
                )}
            </td>
        </tr>
    );
}

function by_day(calls: CallSummary[]): [string, CallSummary[]][] {
    const days = new Map<string, CallSummary[]>();
    for (const call of calls) {
        const name = call.started_at === null ? texts.calls.noDay : day(call.started_at);
        const group = days.get(name);
        if (group === undefined) {
            days.set(name, [call]);
        } else {
            group.push(call);
        }
    }
    return [...days];
}

export function CallList({ calls, arrived }: { calls: CallSummary[]; arrived: Set<string> }) {
    return (
        <table role="table" class="calls card" aria-label={texts.calls.title}>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader">{columns.time}</th>
                    <th role="columnheader">
                        <span class="offscreen">{columns.direction}</span>
                    </th>
                    <th role="columnheader">{columns.parties}</th>
                    <th role="columnheader" class="length">
                        {columns.length}
                    </th>
                    <th role="columnheader">{columns.recording}</th>
                    <th role="columnheader">{columns.transcript}</th>
                </tr>
            </thead>
            {by_day(calls).map(([name, group]) => (
                <tbody role="rowgroup" key={name}>
                    <tr role="row" class="day">
                        <th role="rowheader" colSpan={6} aria-colspan={6}>
                            {name}
                        </th>
                    </tr>
                    {group.map((call) => (
                        <Row key={call.id} call={call} isNew={arrived.has(call.id)} />
                    ))}
                </tbody>
            ))}
        </table>
    );
}
