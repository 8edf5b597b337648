/* States as people see them: a colour, a drawing and always a word. */
import type { Recording, RecordingState, WorkState } from '../api/client';
import { reasonTitle, texts } from '../texts';
import { Icon, type IconName } from './icon';

export type Tone = 'good' | 'wait' | 'bad' | 'plain';

const recording_tones: Record<RecordingState, Tone> = {
    stored: 'good',
    waiting: 'wait',
    fetching: 'wait',
    missing: 'bad',
    not_expected: 'plain',
};

const work_looks: Record<WorkState, { tone: Tone; icon: IconName }> = {
    none: { tone: 'plain', icon: 'not_expected' },
    waiting: { tone: 'wait', icon: 'waiting' },
    running: { tone: 'wait', icon: 'fetching' },
    ready: { tone: 'good', icon: 'stored' },
    failed: { tone: 'bad', icon: 'missing' },
};

export function Chip({ tone, icon, text }: { tone: Tone; icon: IconName; text: string }) {
    return (
        <span class={`chip ${tone}`}>
            <Icon name={icon} size={14} />
            {text}
        </span>
    );
}

export const RecordingChip = ({ state }: { state: RecordingState }) => (
    <Chip tone={recording_tones[state]} icon={state} text={texts.recordingStates[state]} />
);

export const WorkChip = ({ state }: { state: WorkState }) => (
    <Chip {...work_looks[state]} text={texts.transcriptStates[state]} />
);

/* The reason that explains a call's overall state: of the first recording in that state. */
export function reason_of(recordings: Recording[], state: RecordingState): string {
    const recording = recordings.find((one) => one.state === state && one.reason !== null);
    return recording?.reason ? reasonTitle(recording.reason.code) : '';
}
