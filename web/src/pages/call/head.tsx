/* Who called whom, when and how it went; retry and downloads. */
import { useState } from 'preact/hooks';

import { address, change, Problem, type Call } from '../../api/client';
import { duration, moment } from '../../format';
import { Icon } from '../../parts/icon';
import { Instant } from '../../parts/instant';
import { Title } from '../../parts/page';
import { notice_show } from '../../state/notice';
import { session } from '../../state/session';
import { spoken, texts } from '../../texts';

const t = texts.call;
const formats = ['txt', 'srt', 'vtt', 'json'] as const;

/* The files of all recordings, numbered where there are several. */
function files_of(call: Call): { href: string; name: string; label: string }[] {
    const stored = call.recordings.filter((recording) => recording.state === 'stored');
    return stored.flatMap((recording, index) => {
        const part = stored.length > 1 ? texts.player.nth(index + 1) : '';
        const values = { id: call.id };
        const query = { recording: recording.id };
        const audio = {
            href: address('/api/calls/{id}/recording', values, { ...query, download: '1' }),
            name: '' /* The server names it. */,
            label: t.downloadAudio(part),
        };
        const transcripts = formats.map((format) => ({
            href: address('/api/calls/{id}/transcript', values, { ...query, format }),
            name: `${recording.id}.${format}`,
            label: t.downloadTranscript(format, part),
        }));
        return recording.transcript_state === 'ready' ? [audio, ...transcripts] : [audio];
    });
}

function Downloads({ call }: { call: Call }) {
    const files = files_of(call);
    if (files.length === 0) {
        return null;
    }
    return (
        <details
            class="menu"
            onKeyDown={(event) => {
                if (event.key === 'Escape') {
                    event.currentTarget.open = false;
                    event.currentTarget.querySelector('summary')?.focus();
                }
            }}
            onFocusOut={(event) => {
                if (!event.currentTarget.contains(event.relatedTarget as Node | null)) {
                    event.currentTarget.open = false;
                }
            }}
        >
            <summary class="button">
                <Icon name="download" />
                {t.download}
            </summary>
            <ul>
                {files.map((file) => (
                    <li key={file.href}>
                        <a href={file.href} download={file.name}>
                            {file.label}
                        </a>
                    </li>
                ))}
            </ul>
        </details>
    );
}

function Retry({ call, done }: { call: Call; done: () => void }) {
    const [isBusy, setBusy] = useState(false);
    const isNeeded = call.recordings.some(
        ({ state }) => state === 'missing' || state === 'waiting',
    );
    if (!isNeeded) {
        return null;
    }
    const retry = async () => {
        setBusy(true);
        try {
            const { retried } = await change('/api/calls/{id}/retry', { values: { id: call.id } });
            notice_show(t.retried(retried));
            done();
        } catch (error) {
            const told = error instanceof Problem ? error.message : '';
            notice_show(told === '' ? t.retryFailed : told);
        }
        setBusy(false);
    };
    return (
        <button type="button" class="button primary" disabled={isBusy} onClick={() => void retry()}>
            <Icon name="retry" />
            {isBusy ? t.retrying : t.retry}
        </button>
    );
}

/* "Inbound · Answered after 0:11 · Talked 2:20" */
function facts_of(call: Call): string[] {
    const isAnswered = (call.talk_s ?? 0) > 0;
    const wait_s =
        call.answered_at === null || call.started_at === null
            ? null
            : (Date.parse(call.answered_at) - Date.parse(call.started_at)) / 1000;
    const outcome = texts.dispositions[call.disposition] ?? spoken(call.disposition);
    return [
        texts.directions[call.direction],
        isAnswered && wait_s !== null ? t.answeredAfter(duration(wait_s)) : outcome,
        isAnswered
            ? `${t.talked} ${duration(call.talk_s)}`
            : `${t.rang} ${duration(call.duration_s)}`,
        session.value?.user.tenant === null ? call.tenant : '',
    ].filter((fact) => fact !== '');
}

export function Head({ call, reload }: { call: Call; reload: () => void }) {
    const from = call.caller_name || call.from;
    return (
        <div class="call-head">
            <a class="back" href="/calls">
                <Icon name="back" size={16} />
                {t.back}
            </a>
            <div class="call-title">
                <div>
                    <Title text={t.title(from, call.to)}>
                        {from}
                        <Icon name="arrow" size={20} />
                        <span class="offscreen">{texts.calls.to}</span>
                        {call.to}
                    </Title>
                    <p class="call-facts">
                        {call.caller_name && <span>{call.from}</span>}
                        <Instant at={call.started_at} form={moment} />
                        {facts_of(call).map((fact) => (
                            <span key={fact}>{fact}</span>
                        ))}
                    </p>
                </div>
                <div class="actions">
                    <Retry call={call} done={reload} />
                    <Downloads call={call} />
                </div>
            </div>
        </div>
    );
}
