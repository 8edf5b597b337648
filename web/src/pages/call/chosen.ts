/* A call may have several recordings: which of them is shown, and its words. The call brings the
 * words of one; those of the others are read when they are wanted. */
import { useState } from 'preact/hooks';

import { read, type Call, type Recording, type Transcript } from '../../api/client';
import { use_resource } from '../../state/resource';

export interface Chosen {
    recording: Recording | undefined;
    /* Null while the words are being read. */
    transcript: Transcript | null;
    choose: (id: string) => void;
}

export function use_chosen(call: Call, stored: Recording[]): Chosen {
    const [id, choose] = useState('');
    const find = (wanted: string | null) => stored.find((one) => one.id === wanted);
    const recording = find(id) ?? find(call.transcript.recording_id) ?? stored[0];

    const isBrought = recording === undefined || recording.id === call.transcript.recording_id;
    const isToBeRead = !isBrought && recording.transcript_state === 'ready';
    const other = use_resource(`transcript ${isToBeRead ? recording.id : ''}`, (signal) =>
        isToBeRead
            ? read('/api/calls/{id}/transcript', {
                  values: { id: call.id },
                  query: { recording: recording.id, format: 'json' },
                  signal,
              })
            : Promise.resolve(null),
    );

    if (isBrought) {
        return { recording, transcript: call.transcript, choose };
    }
    const words = other.data ?? { engine: null, model: null, language: null, segments: [] };
    const isMissing = isToBeRead && other.data === null;
    const state = isMissing && other.problem !== null ? 'failed' : recording.transcript_state;
    const transcript = { ...words, state, recording_id: recording.id };
    return {
        recording,
        transcript: isMissing && other.problem === null ? null : transcript,
        choose,
    };
}
