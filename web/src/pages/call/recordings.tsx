/* Each recording: where it stands, why, who must act, and the proof that what we hold is what the
 * phone system made. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { address, type Reason, type Recording } from '../../api/client';
import { duration, moment, relative, size, whole } from '../../format';
import { RecordingChip } from '../../parts/chip';
import { CopyButton } from '../../parts/copy';
import { Icon } from '../../parts/icon';
import { is_manager } from '../../state/session';
import { spoken, texts } from '../../texts';

const t = texts.recordings;
const clock_tick_ms = 10_000;
/* The PBX counts whole seconds, and from another instant than the file does. */
const seconds_tolerance = 2;

/* "in 2 minutes", kept true. */
function Soon({ at }: { at: string }) {
    const now = useSignal(Date.now());
    useEffect(() => {
        const timer = window.setInterval(() => {
            now.value = Date.now();
        }, clock_tick_ms);
        return () => window.clearInterval(timer);
    }, []);
    return (
        <time dateTime={at} title={moment(at)}>
            {relative(at, now.value)}
        </time>
    );
}

export function ReasonText({ reason }: { reason: Reason }) {
    return (
        <dl class="reason">
            <div>
                <dt>{t.what}</dt>
                <dd>{reason.advice}</dd>
            </div>
            <div>
                <dt>{t.who}</dt>
                <dd>{texts.owners[reason.owner] ?? spoken(reason.owner)}</dd>
            </div>
            {reason.detail && (
                <div>
                    <dt>{t.seen}</dt>
                    <dd>{reason.detail}</dd>
                </div>
            )}
        </dl>
    );
}

function Verdict({ agrees }: { agrees: boolean | null }) {
    if (agrees === null) {
        return null;
    }
    return (
        <span class={`verdict ${agrees ? 'good' : 'bad'}`}>
            <Icon name={agrees ? 'stored' : 'missing'} size={14} />
            {agrees ? t.agrees : t.differs}
        </span>
    );
}

function Proof({ recording }: { recording: Recording }) {
    const { expected, stored } = recording;
    const bytes = expected?.bytes ?? null;
    const seconds = expected?.seconds ?? null;
    const held = stored?.seconds ?? null;
    const held_bytes = stored?.bytes ?? null;
    const unnamed = <span class="muted">{t.notNamed}</span>;
    const same_bytes = bytes === null || held_bytes === null ? null : bytes === held_bytes;
    const same_seconds =
        seconds === null || held === null ? null : Math.abs(seconds - held) <= seconds_tolerance;
    return (
        <table class="figures-table proof">
            <caption class="offscreen">{t.proof}</caption>
            <thead>
                <tr>
                    <td />
                    <th scope="col">{t.pbxSays}</th>
                    <th scope="col">{t.weHold}</th>
                </tr>
            </thead>
            <tbody>
                <tr>
                    <th scope="row">{t.size}</th>
                    <td>
                        {bytes === null ? unnamed : <span title={size(bytes)}>{whole(bytes)}</span>}
                    </td>
                    <td>
                        {held_bytes === null ? (
                            texts.units.none
                        ) : (
                            <span title={size(held_bytes)}>{whole(held_bytes)}</span>
                        )}
                        <Verdict agrees={same_bytes} />
                    </td>
                </tr>
                <tr>
                    <th scope="row">{t.length}</th>
                    <td>{seconds === null ? unnamed : texts.units.seconds(whole(seconds))}</td>
                    <td>
                        {held === null ? texts.units.none : texts.units.seconds(held.toFixed(1))}
                        <Verdict agrees={same_seconds} />
                    </td>
                </tr>
            </tbody>
        </table>
    );
}

/* How it was had, which helps when others are missing. */
function Way({ recording }: { recording: Recording }) {
    const rung = recording.stored?.rung;
    return rung ? (
        <dl class="facts">
            <div>
                <dt>{t.by}</dt>
                <dd>{rung}</dd>
            </div>
        </dl>
    ) : null;
}

function Tries({ recording }: { recording: Recording }) {
    if (recording.state === 'stored' || recording.state === 'not_expected') {
        return null;
    }
    return (
        <dl class="facts">
            <div>
                <dt>{t.tries}</dt>
                <dd>{whole(recording.attempts)}</dd>
            </div>
            <div>
                <dt>{t.nextTry}</dt>
                <dd>
                    {recording.next_try_at === null ? (
                        t.noNextTry
                    ) : (
                        <Soon at={recording.next_try_at} />
                    )}
                </dd>
            </div>
        </dl>
    );
}

function RecordingCard({ recording, isExplained }: { recording: Recording; isExplained: boolean }) {
    return (
        <article class="recording">
            <div class="recording-head">
                <RecordingChip state={recording.state} />
                {recording.stored !== null && (
                    <span class="number muted">{duration(recording.stored.seconds)}</span>
                )}
            </div>
            <p class="path" title={t.file}>
                <code>{recording.pbx_path}</code>
            </p>
            {recording.reason !== null && !isExplained && (
                <>
                    <p>{recording.reason.message}</p>
                    <ReasonText reason={recording.reason} />
                </>
            )}
            {(recording.stored !== null || recording.expected !== null) && (
                <Proof recording={recording} />
            )}
            {recording.stored !== null && (
                <div class="hash">
                    <span class="muted">{t.hash}</span>
                    <code title={recording.stored.sha256}>
                        {recording.stored.sha256.slice(0, 12)}…{recording.stored.sha256.slice(-6)}
                    </code>
                    <CopyButton text={recording.stored.sha256} label={t.copyHash} />
                </div>
            )}
            <Way recording={recording} />
            <Tries recording={recording} />
            {recording.reason !== null && is_manager() && (
                <p>
                    <a
                        class="button quiet"
                        href={address('/doctor', {}, { recording: recording.pbx_path })}
                    >
                        <Icon name="doctor" />
                        {texts.doctor.examineThis}
                    </a>
                </p>
            )}
        </article>
    );
}

/* `explained` is the recording whose reason stands at the top of the page already. */
export function RecordingsCard({
    recordings,
    explained,
}: {
    recordings: Recording[];
    explained: string;
}) {
    if (recordings.length === 0) {
        return null;
    }
    return (
        <section class="card" aria-labelledby="recordings-title">
            <h2 id="recordings-title">{t.label(recordings.length)}</h2>
            {recordings.map((recording) => (
                <RecordingCard
                    key={recording.id}
                    recording={recording}
                    isExplained={recording.id === explained}
                />
            ))}
        </section>
    );
}
