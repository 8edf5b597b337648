/* One call: its sound, its words, how the talk was shared, and how all that came about. */
import { useMemo, useState } from 'preact/hooks';

import { read, type Call, type Recording } from '../../api/client';
import { RecordingChip, type Tone } from '../../parts/chip';
import { Failed, Loading } from '../../parts/states';
import { use_live, use_resource } from '../../state/resource';
import { texts } from '../../texts';
import { NotFoundPage } from '../not_found';
import { use_chosen } from './chosen';
import { Head } from './head';
import { HistoryCard } from './history';
import { Playback } from './playback';
import { Player } from './player';
import { ReasonText, RecordingsCard } from './recordings';
import { speakers_of } from './speakers';
import { TalkCard } from './talk';
import { TranscriptCard } from './transcript';

const tones: Record<string, Tone> = { missing: 'bad', waiting: 'wait', fetching: 'wait' };

/* What stands in the player's place when there is nothing to play. */
function NothingToPlay({ call, recording }: { call: Call; recording: Recording | undefined }) {
    const state = recording?.state ?? 'not_expected';
    const [title, text] = texts.player.none[state];
    const reason = recording?.reason ?? null;
    const told = reason?.message ?? text;
    return (
        <section class={`card nothing ${tones[state] ?? 'plain'}`} aria-label={texts.player.label}>
            <RecordingChip state={call.recording_state} />
            <h2>{title}</h2>
            {told !== '' && <p>{told}</p>}
            {reason !== null && <ReasonText reason={reason} />}
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
    const stored = call.recordings.filter((recording) => recording.state === 'stored');
    const open = call.recordings.find((recording) => recording.state !== 'stored');
    const { recording, transcript, choose } = use_chosen(call, stored);

    const segments = transcript?.segments ?? [];
    const sides = call.insight.talk?.sides ?? [];
    const speakers = useMemo(
        () => speakers_of([...segments, ...sides], call),
        [transcript?.segments, call.insight.talk],
    );
    return (
        <>
            <div class="call-grid">
                <div class="stack">
                    {recording === undefined ? (
                        <NothingToPlay call={call} recording={open} />
                    ) : (
                        <Player
                            callId={id}
                            playback={playback}
                            recordings={stored}
                            recording={recording}
                            choose={choose}
                            segments={segments}
                            speakers={speakers}
                        />
                    )}
                    <TranscriptCard
                        transcript={transcript}
                        isStored={stored.length > 0}
                        playback={playback}
                        speakers={speakers}
                    />
                </div>
                <div class="stack">
                    <TalkCard call={call} speakers={speakers} />
                    <RecordingsCard
                        recordings={call.recordings}
                        explained={recording === undefined ? (open?.id ?? '') : ''}
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
        (callId) => callId === id,
    );

    if (data === null && problem?.status === 404) {
        return <NotFoundPage />;
    }
    if (data === null) {
        return problem === null ? (
            <Loading label={texts.call.loading} rows={5} />
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
