/* How the talk was shared: who spoke how long, how fast, and how much of it was silence. */
import type { Call, Talk } from '../../api/client';
import { duration, percent, stretch, whole } from '../../format';
import { Icon } from '../../parts/icon';
import { spoken, texts } from '../../texts';
import type { Speaker } from './speakers';

const t = texts.talk;

type Speakers = Map<string | null, Speaker>;

/* Left before right, as in the transcript. */
function in_places(talk: Talk, speakers: Speakers): Talk {
    const place = (side: Talk['sides'][number]) => speakers.get(side.speaker)?.side ?? 0;
    return { ...talk, sides: [...talk.sides].sort((a, b) => place(a) - place(b)) };
}

function Shares({ talk, speakers }: { talk: Talk; speakers: Speakers }) {
    const total = talk.sides.reduce((sum, side) => sum + side.talk_s, 0) || 1;
    let x = 0;
    return (
        <svg class="share-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
            {talk.sides.map((side) => {
                const width = (side.talk_s / total) * 100;
                const at = x;
                x += width;
                return (
                    <rect
                        key={side.speaker}
                        class={`side-${speakers.get(side.speaker)?.side ?? 0}`}
                        x={at}
                        width={width}
                        height="1"
                    />
                );
            })}
        </svg>
    );
}

function Sides({ talk, speakers }: { talk: Talk; speakers: Speakers }) {
    const rows: { label: string; text: (side: Talk['sides'][number]) => string }[] = [
        { label: t.share, text: (side) => percent(side.talk_ratio) },
        { label: t.time, text: (side) => duration(side.talk_s) },
        { label: t.words, text: (side) => whole(side.words) },
        { label: t.pace, text: (side) => whole(Math.round(side.words_per_minute)) },
        {
            label: t.interruptions,
            text: (side) =>
                side.interruptions === null ? texts.units.none : whole(side.interruptions),
        },
        { label: t.longest, text: (side) => stretch(side.longest_monologue_s) },
    ];
    const is_told = (row: (typeof rows)[number]) =>
        talk.sides.some((side) => row.text(side) !== texts.units.none);
    return (
        <table class="figures-table">
            <thead>
                <tr>
                    <td />
                    {talk.sides.map((side) => {
                        const speaker = speakers.get(side.speaker);
                        return (
                            <th key={side.speaker} scope="col">
                                <span class={`dot side-${speaker?.side ?? 0}`} />
                                {speaker?.label ?? side.speaker}
                            </th>
                        );
                    })}
                </tr>
            </thead>
            <tbody>
                {rows.filter(is_told).map((row) => (
                    <tr key={row.label}>
                        <th scope="row">{row.label}</th>
                        {talk.sides.map((side) => (
                            <td key={side.speaker}>{row.text(side)}</td>
                        ))}
                    </tr>
                ))}
            </tbody>
        </table>
    );
}

function Whole({ talk }: { talk: Talk }) {
    const rows: [string, string][] = [
        [t.silence, stretch(talk.silence_s)],
        [t.overlap, stretch(talk.overlap_s)],
        [t.nonTalk, stretch(talk.non_talk_s)],
    ];
    return (
        <dl class="facts">
            {rows.map(([label, text]) => (
                <div key={label}>
                    <dt>{label}</dt>
                    <dd>{text}</dd>
                </div>
            ))}
        </dl>
    );
}

export function TalkCard({ call, speakers }: { call: Call; speakers: Speakers }) {
    const { state } = call.insight;
    const talk = call.insight.talk && in_places(call.insight.talk, speakers);
    if (talk === null) {
        const isDue =
            state === 'waiting' || state === 'running' || call.transcript.state !== 'none';
        if (!isDue && state !== 'failed') {
            return null;
        }
        return (
            <section class="card" aria-labelledby="talk-title">
                <h2 id="talk-title">{t.label}</h2>
                <p class="quiet-state">
                    <Icon name={state === 'failed' ? 'missing' : 'empty'} size={20} />
                    {state === 'failed' ? t.failed : t.notYet}
                </p>
            </section>
        );
    }
    return (
        <section class="card" aria-labelledby="talk-title">
            <h2 id="talk-title">{t.label}</h2>
            {talk.sides.length > 1 && <Shares talk={talk} speakers={speakers} />}
            <Sides talk={talk} speakers={speakers} />
            <Whole talk={talk} />
            {talk.not_known && <p class="hint">{spoken(talk.not_known)}.</p>}
        </section>
    );
}
