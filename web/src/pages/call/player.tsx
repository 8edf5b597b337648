/*
 * The player. Who speaks when is drawn as lanes, one per side, from the transcript's words; the
 * lanes are also what one drags to seek. For the keyboard and screen readers there is a slider.
 */
import { useEffect, useRef } from 'preact/hooks';

import { address, type Recording, type Segment } from '../../api/client';
import { duration, position } from '../../format';
import { JumpIcon, PlayIcon } from '../../parts/icon';
import { texts } from '../../texts';
import { type Playback, speeds } from './playback';
import type { Speaker } from './speakers';

const t = texts.player;
const jump_s = 10;
const lane_height = 22;
const lane_gap = 4;

type Speakers = Map<string | null, Speaker>;

/* Not while somebody types or works a control that needs the key itself. */
function is_free(target: EventTarget | null, key: string): boolean {
    const element = target as HTMLElement | null;
    if (element?.matches?.('input:not([type=range]), select, textarea, [role=tab]')) {
        return false;
    }
    return key !== ' ' || !element?.matches?.('button, a, summary');
}

function use_keys(playback: Playback): void {
    useEffect(() => {
        const actions: Record<string, () => void> = {
            ' ': () => playback.toggle(),
            ArrowLeft: () => playback.jump(-jump_s),
            ArrowRight: () => playback.jump(jump_s),
        };
        const pressed = (event: KeyboardEvent) => {
            const action = actions[event.key];
            const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
            if (
                action !== undefined &&
                isPlain &&
                !event.defaultPrevented &&
                is_free(event.target, event.key)
            ) {
                event.preventDefault();
                action();
            }
        };
        addEventListener('keydown', pressed);
        return () => removeEventListener('keydown', pressed);
    }, [playback]);
}

/* The words as blocks: x in seconds, one lane per side. */
function Words({ segments, speakers }: { segments: Segment[]; speakers: Speakers }) {
    return (
        <>
            {segments.map((segment, index) => {
                const side = speakers.get(segment.speaker)?.side ?? 0;
                const pieces = segment.words.length > 0 ? segment.words : [segment];
                const path = pieces
                    .map((piece) => {
                        const width = Math.max(piece.end - piece.start, 0.05);
                        return `M${piece.start} ${side * (lane_height + lane_gap)}h${width}v${lane_height}h-${width}z`;
                    })
                    .join('');
                return <path key={index} class={`side-${side}`} d={path} />;
            })}
        </>
    );
}

function Lanes(props: { playback: Playback; segments: Segment[]; speakers: Speakers }) {
    const { playback, segments, speakers } = props;
    const box = useRef<HTMLDivElement>(null);
    const length = playback.length.value || 1;
    const lanes = [...speakers.values()].some((speaker) => speaker.side === 1) ? 2 : 1;
    const height = lanes * (lane_height + lane_gap) - lane_gap;

    const seek_to = (event: PointerEvent) => {
        const area = box.current?.getBoundingClientRect();
        if (area !== undefined && area.width > 0) {
            playback.seek(((event.clientX - area.left) / area.width) * length);
        }
    };
    return (
        <div
            class="lanes"
            ref={box}
            onPointerDown={(event) => {
                event.currentTarget.setPointerCapture(event.pointerId);
                seek_to(event);
            }}
            onPointerMove={(event) =>
                event.currentTarget.hasPointerCapture(event.pointerId) && seek_to(event)
            }
        >
            <svg viewBox={`0 0 ${length} ${height}`} preserveAspectRatio="none" aria-hidden="true">
                {Array.from({ length: lanes }, (_, lane) => (
                    <rect
                        key={lane}
                        class="lane"
                        width={length}
                        y={lane * (lane_height + lane_gap)}
                        height={lane_height}
                    />
                ))}
                <Words segments={segments} speakers={speakers} />
            </svg>
            <Head playback={playback} />
        </div>
    );
}

/* What moves with every frame, apart from what does not. */
function Head({ playback }: { playback: Playback }) {
    const length = playback.length.value || 1;
    const at = Math.min(playback.at.value, length);
    return (
        <>
            <div class="head" style={{ left: `${(at / length) * 100}%` }} />
            <input
                class="seek"
                type="range"
                min="0"
                max={length}
                step="any"
                value={at}
                aria-label={t.position}
                aria-valuetext={t.positionOf(position(at), duration(length))}
                onInput={(event) => playback.seek(Number(event.currentTarget.value))}
            />
        </>
    );
}

const Clock = ({ playback }: { playback: Playback }) => (
    <p class="clock">
        <span data-testid="at">{position(playback.at.value)}</span>
        <span class="muted"> / {duration(playback.length.value)}</span>
    </p>
);

function Buttons({ playback }: { playback: Playback }) {
    const isPlaying = playback.isPlaying.value;
    return (
        <div class="player-buttons">
            <button
                type="button"
                class="button quiet round"
                aria-label={t.back}
                title={t.back}
                onClick={() => playback.jump(-jump_s)}
            >
                <JumpIcon isBack />
            </button>
            <button
                type="button"
                class="button primary round play"
                aria-label={isPlaying ? t.pause : t.play}
                onClick={() => playback.toggle()}
            >
                <PlayIcon isPlaying={isPlaying} />
            </button>
            <button
                type="button"
                class="button quiet round"
                aria-label={t.forward}
                title={t.forward}
                onClick={() => playback.jump(jump_s)}
            >
                <JumpIcon isBack={false} />
            </button>
        </div>
    );
}

function Speeds({ playback }: { playback: Playback }) {
    return (
        <div class="segmented" role="group" aria-label={t.speed}>
            {speeds.map((speed) => (
                <button
                    key={speed}
                    type="button"
                    aria-pressed={speed === playback.speed.value}
                    onClick={() => playback.choose_speed(speed)}
                >
                    {speed}×
                </button>
            ))}
        </div>
    );
}

export interface PlayerProps {
    callId: string;
    playback: Playback;
    recordings: Recording[]; /* The stored ones. */
    recording: Recording; /* The one of them that is played. */
    choose: (id: string) => void;
    segments: Segment[];
    speakers: Speakers;
}

export function Player(props: PlayerProps) {
    const { callId, playback, recordings, recording, choose, segments, speakers } = props;
    use_keys(playback);
    useEffect(() => {
        playback.length.value = recording.stored?.seconds ?? 0;
    }, [recording.id]);
    const source = { recording: recording.id };
    return (
        <section class="player card" aria-label={t.label}>
            <audio
                key={recording.id}
                ref={playback.attach}
                src={address('/api/calls/{id}/recording', { id: callId }, source)}
                preload="metadata"
            />
            <Lanes playback={playback} segments={segments} speakers={speakers} />
            <div class="player-foot">
                <Clock playback={playback} />
                <Buttons playback={playback} />
                <Speeds playback={playback} />
            </div>
            {playback.hasFailed.value && (
                <p class="alert" role="alert">
                    {t.failed}
                </p>
            )}
            {recordings.length > 1 && (
                <div class="segmented" role="group" aria-label={t.recording}>
                    {recordings.map((one, index) => (
                        <button
                            key={one.id}
                            type="button"
                            aria-pressed={one.id === recording.id}
                            onClick={() => choose(one.id)}
                        >
                            {t.nth(index + 1)} · {duration(one.stored?.seconds)}
                        </button>
                    ))}
                </div>
            )}
            <p class="hint">{t.keys}</p>
        </section>
    );
}
