/* One call: its sound, its words, how the talk was shared, and how all that came about. */
import { useMemo, useState } from 'preact/hooks';

import { address, change, Problem, read, type Call, type Recording } from '../../api/client';
import { duration, moment } from '../../format';
import { RecordingChip, type Tone } from '../../parts/chip';
import { Icon } from '../../parts/icon';
import { Title } from '../../parts/page';
import { Failed, Loading } from '../../parts/states';
import { notice_show } from '../../state/notice';
import { use_live, use_resource } from '../../state/resource';
import { session } from '../../state/session';
import { spoken, texts } from '../../texts';
import { NotFoundPage } from '../not_found';
import { HistoryCard } from './history';
import { Playback } from './playback';
import { Player } from './player';
import { ReasonText, RecordingsCard } from './recordings';
import { speakers_of } from './speakers';
import { TalkCard } from './talk';
import { TranscriptCard } from './transcript';

const t = texts.call;
const formats = ['txt', 'srt', 'vtt', 'json'] as const;

function Downloads({ call }: { call: Call }) {
    const isStored = call.recordings.some((recording) => recording.state === 'stored');
    const isTranscribed = call.transcript.state === 'ready';
    if (!isStored && !isTranscribed) {
        return null;
    }
    const audio = address('/api/calls/{id}/recording', { id: call.id }, { download: '1' });
    const transcript = (format: string) =>
        address('/api/calls/{id}/transcript', { id: call.id }, { format });
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
                {isStored && (
                    <li>
                        <a href={audio} download>
                            {t.downloadAudio}
                        </a>
                    </li>
                )}
                {isTranscribed &&
                    formats.map((format) => (
                        <li key={format}>
                            <a href={transcript(format)} download={`${call.id}.${format}`}>
                                {t.downloadTranscript(format)}
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
            notice_show(
                error instanceof Problem && error.message !== '' ? error.message : t.retryFailed,
            );
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

/* "Today, 21:20 · Outbound · Answered after 0:11 · Talked 2:20" */
function facts_of(call: Call): string[] {
    const isAnswered = call.talk_s > 0;
    const wait_s =
        call.answered_at === null
            ? null
            : (Date.parse(call.answered_at) - Date.parse(call.started_at)) / 1000;
    const outcome = texts.dispositions[call.disposition] ?? spoken(call.disposition);
    return [
        texts.directions[call.direction],
        isAnswered && wait_s !== null ? spoken(t.answeredAfter(duration(wait_s))) : outcome,
        isAnswered
            ? `${t.talked} ${duration(call.talk_s)}`
            : `${t.rang} ${duration(call.duration_s)}`,
        ...(session.value?.user.tenant === null ? [call.tenant] : []),
    ];
}

function Head({ call, reload }: { call: Call; reload: () => void }) {
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
                        <time dateTime={call.started_at}>{moment(call.started_at)}</time>
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

const tones: Record<string, Tone> = { missing: 'bad', waiting: 'wait', fetching: 'wait' };

/* What stands in the player's place when there is nothing to play. */
function NothingToPlay({ call, recording }: { call: Call; recording: Recording | undefined }) {
    const state = recording?.state ?? 'not_expected';
    const [title, text] = texts.player.none[state];
    return (
        <section class={`card nothing ${tones[state] ?? 'plain'}`} aria-label={texts.player.label}>
            <RecordingChip state={call.recording_state} />
            <h2>{title}</h2>
            {(recording?.reason?.message ?? text) !== '' && (
                <p>{recording?.reason?.message ?? text}</p>
            )}
            {recording?.reason && <ReasonText reason={recording.reason} />}
        </section>
    );
}

function Parts({ call, id }: { call: Call; id: string }) {
    const [playback] = useState(() => new Playback());
    const attempts = use_resource(`attempts ${id}`, (signal) =>
        read('/api/calls/{id}/attempts', { values: { id }, signal }),
    );
    use_live(
        () => void attempts.reload(),
        (callId) => callId === id,
    );
    const { segments } = call.transcript;
    const speakers = useMemo(
        () => speakers_of([...segments, ...(call.insight.talk?.sides ?? [])], call),
        [segments, call.insight.talk],
    );
    const stored = call.recordings.filter((recording) => recording.state === 'stored');
    const open = call.recordings.find((recording) => recording.state !== 'stored');
    const isPlayable = stored.length > 0;
    return (
        <>
            <div class="call-grid">
                <div class="stack">
                    {isPlayable ? (
                        <Player
                            call={call}
                            playback={playback}
                            recordings={stored}
                            speakers={speakers}
                        />
                    ) : (
                        <NothingToPlay call={call} recording={open} />
                    )}
                    <TranscriptCard call={call} playback={playback} speakers={speakers} />
                </div>
                <div class="stack">
                    <TalkCard call={call} speakers={speakers} />
                    <RecordingsCard
                        recordings={call.recordings}
                        explained={isPlayable ? '' : (open?.id ?? '')}
                    />
                </div>
            </div>
            <HistoryCard call={call} attempts={attempts} />
        </>
    );
}

export function CallPage({ id }: { id: string }) {
    const { data, problem, reload } = use_resource(`call ${id}`, (signal) =>
        read('/api/calls/{id}', { values: { id }, signal }),
    );
    use_live(
        () => void reload(),
        (callId) => callId === id || callId === '',
    );

    if (data === null && problem?.status === 404) {
        return <NotFoundPage />;
    }
    if (data === null) {
        return problem === null ? (
            <Loading label={t.loading} rows={5} />
        ) : (
            <Failed problem={problem} again={() => void reload()} />
        );
    }
    return (
        <>
            <Head call={data} reload={() => void reload()} />
            <Parts call={data} id={id} />
        </>
    );
}
