/* Who is who: the transcript's speakers as two sides, each with a place, a colour and a name. */
import type { Call, Segment } from '../../api/client';
import { spoken, texts } from '../../texts';

export interface Speaker {
    id: string | null;
    side: 0 | 1; /* 0 stands left, 1 right. */
    label: string;
    party: string; /* Name or number, where it is known. */
}

type Parties = Pick<Call, 'direction' | 'from' | 'to' | 'caller_name'>;

/* Our own people stand on the right, as one's own words do in a messenger. */
const right_hand = new Set(['agent', 'callee']);

function label_of(id: string | null): string {
    if (id === null) {
        return texts.transcript.oneSpeaker;
    }
    const numbered = /^speaker[_ -]?(\d+)$/.exec(id);
    return numbered?.[1] === undefined
        ? (texts.transcript.speakers[id] ?? spoken(id))
        : texts.transcript.nthSpeaker(numbered[1]);
}

export function speakers_of(
    segments: Pick<Segment, 'speaker'>[],
    call: Parties,
): Map<string | null, Speaker> {
    const found = new Map<string | null, Speaker>();
    for (const { speaker: id } of segments) {
        if (!found.has(id)) {
            found.set(id, { id, side: 0, label: label_of(id), party: party_of(id, call) });
        }
    }
    const all = [...found.values()];
    for (const [index, speaker] of all.entries()) {
        const isNamed = all.some((one) => right_hand.has(one.id ?? ''));
        const isRight = isNamed ? right_hand.has(speaker.id ?? '') : index % 2 === 1;
        speaker.side = isRight ? 1 : 0;
    }
    return found;
}

/* On an outbound call the agent is who called, on any other who was called. */
function party_of(id: string | null, call: Parties): string {
    const caller = call.direction === 'outbound' ? 'agent' : 'customer';
    const callee = call.direction === 'outbound' ? 'customer' : 'agent';
    if (id === 'caller' || id === caller) {
        return call.caller_name || call.from;
    }
    return id === 'callee' || id === callee ? call.to : '';
}
