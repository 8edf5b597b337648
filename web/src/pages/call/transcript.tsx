/*
 * What was said, in two sides. The word that sounds is marked, and the list follows it as long as
 * the reader does not scroll away; a click on a word plays from there. By keyboard each segment's
 * time is a button.
 *
 * The mark is moved by hand, not by rendering: an hour of talk is ten thousand words.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import type { Segment, Transcript } from '../../api/client';
import { position } from '../../format';
import { Icon } from '../../parts/icon';
import { Loading } from '../../parts/states';
import { texts } from '../../texts';
import type { Playback } from './playback';
import type { Speaker } from './speakers';

const t = texts.transcript;
const unsure_below = 0.5;

type Speakers = Map<string | null, Speaker>;

interface Piece {
    start: number;
    text: string;
    isUnsure: boolean;
}

/* A segment's words; where the engine gave none, the segment is one. */
function pieces_of(segment: Segment): Piece[] {
    if (segment.words.length === 0) {
        return [{ start: segment.start, text: segment.text, isUnsure: false }];
    }
    return segment.words.map((word) => ({
        start: word.start,
        text: word.word.trim(),
        isUnsure: (word.confidence ?? 1) < unsure_below,
    }));
}

/* The last start that is not after `at`; -1 before the first. `starts` ascends. */
export function index_at(starts: number[], at: number): number {
    let low = 0;
    let high = starts.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if ((starts[middle] as number) <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

function SegmentRow(props: {
    segment: Segment;
    pieces: Piece[];
    first: number;
    speaker: Speaker | undefined;
    isSameSpeaker: boolean;
    play: (at: number) => void;
}) {
    const { segment, pieces, first, speaker, isSameSpeaker, play } = props;
    return (
        <li class={`segment side-${speaker?.side ?? 0} ${isSameSpeaker ? 'same' : ''}`}>
            {!isSameSpeaker && (
                <p class="speaker">
                    {speaker?.label}
                    {speaker !== undefined && speaker.party !== '' && (
                        <span class="muted"> {speaker.party}</span>
                    )}
                </p>
            )}
            <div class="bubble">
                <button
                    type="button"
                    class="time"
                    aria-label={t.playFrom(position(segment.start))}
                    onClick={() => play(segment.start)}
                >
                    {position(segment.start)}
                </button>
                <p class="words">
                    {pieces.map((piece, index) => (
                        <>
                            <span
                                class={piece.isUnsure ? 'word unsure' : 'word'}
                                data-word={first + index}
                            >
                                {piece.text}
                            </span>{' '}
                        </>
                    ))}
                </p>
            </div>
        </li>
    );
}

function Words(props: { transcript: Transcript; playback: Playback; speakers: Speakers }) {
    const { playback, speakers } = props;
    const { segments } = props.transcript;
    const list = useRef<HTMLOListElement>(null);
    const isFollowing = useSignal(true);
    const { perSegment, starts } = useMemo(() => {
        const perSegment = segments.map(pieces_of);
        return { perSegment, starts: perSegment.flat().map((piece) => piece.start) };
    }, [segments]);
    const current = useComputed(() =>
        playback.at.value > 0 ? index_at(starts, playback.at.value) : -1,
    );

    useSignalEffect(() => {
        const box = list.current;
        const word = box?.querySelector<HTMLElement>(`[data-word="${current.value}"]`);
        box?.querySelectorAll('.now').forEach((element) => element.classList.remove('now'));
        if (!box || !word) {
            return;
        }
        const segment = word.closest<HTMLElement>('.segment');
        word.classList.add('now');
        segment?.classList.add('now');
        if (isFollowing.value && playback.isPlaying.value && segment !== null) {
            /* The list is scrolled, never the page. */
            const target = segment.offsetTop - box.clientHeight / 3;
            box.scrollTo({ top: target, behavior: 'auto' });
        }
    });
    useEffect(() => {
        const box = list.current;
        const leave = () => {
            isFollowing.value = !playback.isPlaying.value;
        };
        box?.addEventListener('wheel', leave, { passive: true });
        box?.addEventListener('touchmove', leave, { passive: true });
        return () => {
            box?.removeEventListener('wheel', leave);
            box?.removeEventListener('touchmove', leave);
        };
    }, []);

    const play = (at: number) => {
        isFollowing.value = true;
        playback.seek(at);
        playback.play();
    };
    const clicked = (event: MouseEvent) => {
        const index = (event.target as Element).closest<HTMLElement>('[data-word]')?.dataset.word;
        const isSelecting = getSelection()?.isCollapsed === false;
        if (index !== undefined && !isSelecting) {
            play(starts[Number(index)] ?? 0);
        }
    };

    let first = 0;
    return (
        <>
            <ol class="segments" ref={list} tabIndex={0} aria-label={t.label} onClick={clicked}>
                {segments.map((segment, index) => {
                    const pieces = perSegment[index] ?? [];
                    const from = first;
                    first += pieces.length;
                    return (
                        <SegmentRow
                            key={index}
                            segment={segment}
                            pieces={pieces}
                            first={from}
                            speaker={speakers.get(segment.speaker)}
                            isSameSpeaker={
                                index > 0 && segments[index - 1]?.speaker === segment.speaker
                            }
                            play={play}
                        />
                    );
                })}
            </ol>
            {!isFollowing.value && (
                <button
                    type="button"
                    class="button small follow"
                    onClick={() => {
                        isFollowing.value = true;
                    }}
                >
                    {t.follow}
                </button>
            )}
        </>
    );
}

/* Why there are no words to show. */
function explanation(transcript: Transcript, isStored: boolean): string {
    switch (transcript.state) {
        case 'none':
            return isStored ? t.none : t.noneYet;
        case 'waiting':
            return isStored ? t.waiting : t.noneYet;
        case 'running':
            return t.running;
        case 'failed':
            return t.failed;
        case 'ready':
            return transcript.segments.length === 0 ? t.silent : '';
    }
}

interface CardProps {
    transcript: Transcript | null; /* Null while it is being read. */
    isStored: boolean;
    playback: Playback;
    speakers: Speakers;
}

export function TranscriptCard({ transcript, isStored, playback, speakers }: CardProps) {
    return (
        <section class="card transcript" aria-labelledby="transcript-title">
            {transcript === null ? (
                <>
                    <h2 id="transcript-title">{t.label}</h2>
                    <Loading label={t.loading} rows={4} />
                </>
            ) : (
                <Content
                    transcript={transcript}
                    isStored={isStored}
                    playback={playback}
                    speakers={speakers}
                />
            )}
        </section>
    );
}

function Content(props: CardProps & { transcript: Transcript }) {
    const { transcript, isStored } = props;
    const why = explanation(transcript, isStored);
    const hasUnsure = transcript.segments.some((segment) =>
        segment.words.some((word) => (word.confidence ?? 1) < unsure_below),
    );
    const engine = [transcript.engine, transcript.model, transcript.language]
        .filter((part) => part !== null && part !== '')
        .join(' · ');
    if (why !== '') {
        const hasFailed = transcript.state === 'failed';
        return (
            <>
                <h2 id="transcript-title">{t.label}</h2>
                <p class="quiet-state" role={hasFailed ? 'alert' : undefined}>
                    <Icon name={hasFailed ? 'missing' : 'empty'} size={20} />
                    {why}
                </p>
            </>
        );
    }
    return (
        <>
            <div class="card-head">
                <h2 id="transcript-title">{t.label}</h2>
                <p class="hint">
                    {t.hint} {hasUnsure && t.unsure}
                </p>
            </div>
            {transcript.warning && <p class="caution">{transcript.warning}</p>}
            <Words {...props} />
            {engine !== '' && <p class="hint foot">{t.madeBy(engine)}</p>}
        </>
    );
}
