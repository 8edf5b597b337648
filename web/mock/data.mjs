/*
 * Invented calls in every state that the dashboard must show, relative to now. Names and numbers are
 * made up (555-01xx is reserved for that).
 */
import { createHash } from 'node:crypto';

import { wav_make } from './wav.mjs';

const api_menu = 'Value-added Features > API Configuration > HTTPS API Settings (New)';

const reasons = {
    login_refused: {
        message: 'The PBX refused the API user name or password.',
        owner: 'pbx_administrator',
        advice: `Set user name and password in ${api_menu} and enter the same here. They are not those of the web page.`,
    },
    not_there_yet: {
        message: 'The PBX does not have the file in any of its folders at the moment.',
        owner: 'nobody',
        advice: 'Wait: the file often comes minutes after the call.',
    },
    connect_timeout: {
        message: "Nothing answers at the PBX's address and port.",
        owner: 'network',
        advice: 'Check that the PBX is up and that the port forwarding lets this server reach port 8089 or 8443.',
    },
    html_instead_of_audio: {
        message: 'The PBX sends its web page where the recording should be.',
        owner: 'pbx_administrator',
        advice: `Switch the API on in ${api_menu} and check the port.`,
    },
    deleted_on_pbx: {
        message: 'The PBX no longer has the file; it was deleted or never written.',
        owner: 'pbx_administrator',
        advice: 'Lengthen the time before automatic deletion in Maintenance > System Cleanup/Reset > Cleaner.',
    },
    size_mismatch: {
        message: 'The file has another size than the call record says.',
        owner: 'pbx_administrator',
        advice: 'Nothing to do at first: it is tried again.',
    },
    storage_full: {
        message: 'The storage for recordings is full.',
        owner: 'storage',
        advice: 'Make room in DATA_DIR or in the bucket; the recordings are then fetched by themselves.',
    },
};

const seen = {
    login_refused: 'the PBX answers status -37',
    not_there_yet: 'the PBX answers status -25 in monitor and queue',
};

const complaint = [
    ['agent', 'Front desk, good morning, how can I help you?'],
    ['customer', 'Yes, hello. I ordered a boiler part on Monday and it still has not arrived.'],
    ['customer', 'This is the third time that I am calling about it.'],
    ['agent', 'I am sorry to hear that. May I have the order number, please?'],
    ['customer', 'It is four seven one one nine.'],
    ['agent', 'Thank you. One moment, I will look it up.'],
    [
        'agent',
        'I can see that the parcel left our warehouse on Tuesday, but the carrier returned it because the house number was missing.',
    ],
    [
        'customer',
        'But I gave you the house number. It is twelve, I even have it in the e-mail here.',
    ],
    [
        'agent',
        'You are right, it is in your message. It was lost when we typed the label. That was our mistake.',
    ],
    ['customer', 'So what happens now? We have had no heating for four days.'],
    [
        'agent',
        'I will send a new one by courier today, and you will have it before six this evening.',
    ],
    ['agent', 'There will be no charge for the delivery, and I will call you at six to make sure.'],
    ['customer', 'All right. That would be good. Thank you.'],
    ['agent', 'Thank you for your patience. Goodbye.'],
    ['customer', 'Goodbye.'],
];

/* Words spread over the time in proportion to their letters, with pauses between the turns. */
function segments_of(lines, speaker_of = (speaker) => speaker) {
    let at = 1.2;
    return lines.map(([speaker, text], line) => {
        const words = text.split(' ').map((word, index) => {
            const start = at;
            at += 0.12 + word.length * 0.055;
            const confidence = (line * 7 + index * 5) % 23 === 0 ? 0.41 : 0.93;
            const end = at - 0.03;
            return { word, start: +start.toFixed(2), end: +end.toFixed(2), confidence };
        });
        const segment = {
            speaker: speaker_of(speaker),
            start: words[0].start,
            end: words.at(-1).end,
            text,
            confidence: 0.9,
            words,
        };
        at += line === 5 ? 4.5 : 0.6;
        return segment;
    });
}

function talk_of(segments, seconds, is_mono) {
    const names = [...new Set(segments.map((segment) => segment.speaker))];
    const total = segments.reduce((sum, one) => sum + one.end - one.start, 0);
    const sides = names.map((speaker) => {
        const own = segments.filter((one) => one.speaker === speaker);
        const talk_s = own.reduce((sum, one) => sum + one.end - one.start, 0);
        const words = own.reduce((sum, one) => sum + one.words.length, 0);
        return {
            speaker,
            talk_s,
            talk_ratio: talk_s / total,
            words,
            words_per_minute: (words / talk_s) * 60,
            turns: own.length,
            longest_monologue_s: is_mono
                ? null
                : Math.max(...own.map((one) => one.end - one.start)),
            interruptions: is_mono ? null : speaker === 'customer' ? 1 : 0,
        };
    });
    return {
        audio_s: seconds,
        silence_s: Math.max(seconds - total, 0),
        non_talk_s: 4.5,
        overlap_s: is_mono ? null : 0.8,
        overlap_ratio: is_mono ? null : 0.8 / seconds,
        sides,
        not_known: is_mono
            ? 'the recording has one track for all speakers, so their turns cannot be told apart'
            : null,
        method: 'talk/1',
    };
}

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z/, 'Z');
let serial = 0;
const id_of = (kind) => `0194c0de-${String(++serial).padStart(4, '0')}-7000-8000-${kind}`;

function recording_make(call, state, code) {
    const stored = state === 'stored';
    const seconds = call.talk_s;
    const bytes = 44 + seconds * 8000 * 4;
    return {
        id: id_of('00000000aaaa'),
        pbx_path: `${call.started_at.slice(0, 7)}/auto-${Math.floor(Date.parse(call.started_at) / 1000)}-${call.from}-${call.to}.wav`,
        state,
        reason: code ? { code, ...reasons[code], detail: seen[code] ?? null } : null,
        expected: { bytes: serial % 2 ? bytes : null, seconds },
        stored: stored
            ? {
                  bytes,
                  seconds,
                  sha256: createHash('sha256').update(call.id).digest('hex'),
                  container: 'wav',
                  rung: 'new/monitor/base name',
              }
            : null,
        attempts: stored ? 1 : code ? 4 : 0,
        transcript_state: 'none',
        next_try_at:
            state === 'waiting'
                ? iso(Date.now() + 150_000)
                : code === 'login_refused'
                  ? null
                  : state === 'missing'
                    ? iso(Date.now() + 3_000_000)
                    : null,
    };
}

function timeline_make(call) {
    const start = Date.parse(call.started_at) + (call.duration_s + 2) * 1000;
    const at = (s) => iso(start + s * 1000);
    const entries = [
        { at: at(0), stage: 'webhook', event: 'received', detail: `${call.legs.length} leg` },
    ];
    for (const recording of call.recordings) {
        if (recording.state === 'stored') {
            entries.push({
                at: at(1),
                stage: 'fetch',
                event: 'fetched',
                detail: `recapi, filedir monitor, ${recording.stored.bytes} bytes`,
            });
            entries.push({
                at: at(2),
                stage: 'keep',
                event: 'stored',
                detail: `SHA-256 ${recording.stored.sha256.slice(0, 16)}…`,
            });
        } else if (recording.reason) {
            entries.push({
                at: at(1),
                stage: 'fetch',
                event: 'failed',
                detail: recording.reason.message,
            });
        }
    }
    if (call.transcript.state === 'ready') {
        entries.push({
            at: at(9),
            stage: 'transcribe',
            event: 'transcribed',
            detail: `${call.transcript.segments.length} segments`,
        });
        entries.push({ at: at(10), stage: 'analyse', event: 'analysed', detail: null });
    }
    return entries;
}

/* As the server writes them: hex, then between bars what prints. */
function bytes_shown(text) {
    const hex = Buffer.from(text, 'latin1').toString('hex');
    return `${hex} |${text.replace(/[^ -~]/g, '.')}|`;
}

function attempts_make(call) {
    const attempts = [];
    for (const recording of call.recordings) {
        const base = Date.parse(call.started_at) + (call.duration_s + 3) * 1000;
        const add = (purpose, more) =>
            attempts.push({
                id: id_of('00000000bbbb'),
                recording_id: recording.id,
                at: iso(base + attempts.length * 700),
                purpose,
                method: 'POST',
                url: 'https://192.0.2.10:8089/api',
                request: `action=${purpose}`,
                http_status: 200,
                content_type: 'application/json',
                content_length: 61,
                bytes: 61,
                first_bytes: bytes_shown('{"response":{"challenge":"***"}'),
                verdict: 'answered',
                reason: null,
                duration_ms: 48,
                ...more,
            });
        const code = recording.reason?.code;
        if (code === 'connect_timeout') {
            add('challenge', {
                http_status: null,
                content_type: null,
                content_length: null,
                bytes: null,
                first_bytes: null,
                verdict: 'no answer within 10 s',
                reason: code,
                duration_ms: 10003,
            });
            continue;
        }
        if (recording.state === 'not_expected' || recording.attempts === 0) {
            continue;
        }
        add('challenge', {});
        if (code === 'login_refused') {
            add('login', {
                first_bytes: bytes_shown('{"response":{},"status":-37}'),
                verdict: 'the PBX answers status -37',
                reason: code,
            });
            continue;
        }
        add('login', { first_bytes: bytes_shown('{"response":{"cookie":"***"}') });
        const request = `action=recapi filedir=monitor filename=${recording.pbx_path.split('/')[1]}`;
        if (recording.state === 'stored') {
            add('fetch', {
                request,
                content_type: 'audio/x-wav',
                content_length: recording.stored.bytes,
                bytes: recording.stored.bytes,
                first_bytes: bytes_shown('RIFF\x24\x80\x43\x00WAVEfmt \x10\x00'),
                verdict: `${recording.stored.bytes} bytes of wav`,
                duration_ms: 412,
            });
        } else {
            const isHtml = code === 'html_instead_of_audio';
            add('fetch', {
                request,
                content_type: isHtml ? 'text/html' : 'application/json',
                first_bytes: bytes_shown(isHtml ? '<!DOCTYPE html>\n<html>' : '{"status":-25}'),
                verdict: isHtml ? 'HTTP status 200 with a web page' : 'the PBX answers status -25',
                reason: code,
            });
        }
    }
    return attempts;
}

/* minutes ago, direction, from, to, name, talk seconds, recording state, reason, transcript state */
const plan = [
    [4, 'inbound', '2815550122', '1000', 'Mara Okafor', 71, 'stored', null, 'ready'],
    [9, 'outbound', '1000', '2815550100', 'Front Desk', 46, 'stored', null, 'running'],
    [16, 'inbound', '2815550147', '6400', null, 212, 'waiting', 'not_there_yet', 'none'],
    [23, 'inbound', '2815550163', '1002', null, 0, 'not_expected', null, 'none', 'NO ANSWER'],
    [31, 'internal', '1001', '1004', 'Workshop', 18, 'stored', null, 'ready'],
    [55, 'inbound', '2815550122', '1000', 'Mara Okafor', 388, 'missing', 'login_refused', 'none'],
    [92, 'outbound', '1003', '+441632960961', 'Sales', 154, 'fetching', null, 'none'],
    [
        140,
        'inbound',
        '2815550155',
        '6400',
        'Ridgeway Plumbing & Heating Supplies Ltd',
        97,
        'missing',
        'html_instead_of_audio',
        'none',
    ],
    [1500, 'outbound', '1000', '2815550171', 'Front Desk', 61, 'stored', null, 'failed'],
    [1560, 'inbound', '2815550118', '1000', null, 0, 'not_expected', null, 'none', 'BUSY'],
    [1620, 'inbound', 'anonymous', '1000', null, 44, 'stored', null, 'waiting'],
    [1710, 'unknown', '1002', '*97', null, 12, 'not_expected', null, 'none'],
    [
        2990,
        'inbound',
        '2815550190',
        '6400',
        'Lakeside Dental',
        305,
        'missing',
        'deleted_on_pbx',
        'none',
    ],
    [3010, 'outbound', '1004', '2815550133', 'Workshop', 128, 'waiting', 'storage_full', 'none'],
    [3050, 'inbound', '2815550102', '1001', null, 66, 'missing', 'connect_timeout', 'none'],
    [4500, 'inbound', '2815550111', '1000', null, 90, 'waiting', 'size_mismatch', 'none'],
    [4560, 'outbound', '1000', '2815550144', 'Front Desk', 25, 'waiting', null, 'none'],
];

function transcript_make(state, segments, recording, isMono) {
    const isReady = state === 'ready';
    return {
        state,
        recording_id: isReady ? recording.id : null,
        engine: isReady ? 'whisper.cpp' : null,
        model: isReady ? 'base.en' : null,
        language: isReady ? 'en' : null,
        warning: isMono ? 'One track for all speakers: who said what is not known.' : null,
        segments: isReady ? segments : [],
    };
}

function call_make([
    ago,
    direction,
    from,
    to,
    name,
    talk_s,
    state,
    code,
    transcript_state,
    disposition,
]) {
    const started = Date.now() - ago * 60_000;
    const isMono = direction === 'internal';
    const ring_s = 11;
    const call = {
        id: id_of('00000000cccc'),
        tenant: 'acme',
        session: `${started}000-${from}`,
        direction,
        from,
        to,
        caller_name: name,
        started_at: iso(started),
        answered_at: talk_s > 0 ? iso(started + ring_s * 1000) : null,
        ended_at: iso(started + (ring_s + talk_s) * 1000),
        duration_s: ring_s + talk_s,
        talk_s,
        disposition: disposition ?? 'ANSWERED',
    };
    const lines = isMono ? complaint.slice(0, 4) : complaint;
    const segments = segments_of(lines, isMono ? () => null : undefined);
    call.recordings =
        talk_s > 0 && state !== 'not_expected' ? [recording_make(call, state, code)] : [];
    call.recording_state = state;
    call.transcript_state = transcript_state;
    call.transcript = transcript_make(transcript_state, segments, call.recordings[0], isMono);
    call.insight = {
        state: transcript_state === 'ready' ? 'ready' : 'none',
        talk: transcript_state === 'ready' ? talk_of(segments, talk_s, isMono) : null,
    };
    if (call.recordings.length > 0) {
        call.recordings[0].transcript_state = transcript_state;
    }
    call.legs = [
        {
            acct_id: String(400 + serial),
            uniqueid: `${Math.floor(started / 1000)}.${serial}`,
            src: from,
            dst: to,
            started_at: call.started_at,
            duration_s: call.duration_s,
            talk_s,
            disposition: call.disposition,
            action_type: to === '6400' ? 'RINGGROUP[6400]' : 'DIAL',
            recordfiles: call.recordings.map((one) => `${one.pbx_path}@`).join(''),
            src_trunk_name: direction === 'inbound' ? 'trunk_1' : '',
            lastapp: 'Dial',
            clid: `"${name ?? ''}" <${from}>`,
        },
    ];
    call.timeline = timeline_make(call);
    return call;
}

export function world_make() {
    const calls = plan.map(call_make);
    /* One call in two parts, and enough old ones for a second page. */
    const second = recording_make(calls[0], 'stored', null);
    const transcript_state = 'ready';
    calls[0].recordings.push({
        ...second,
        transcript_state,
        pbx_path: second.pbx_path.replace('.wav', '-2.wav'),
    });
    for (let i = 0; i < 60; i++) {
        const far = 9000 + i * 190;
        calls.push(
            call_make([
                far,
                i % 3 ? 'inbound' : 'outbound',
                `28155501${10 + i}`,
                '1000',
                null,
                40 + i,
                'stored',
                null,
                'ready',
            ]),
        );
    }
    const attempts = new Map(calls.map((call) => [call.id, attempts_make(call)]));
    const quarantine = [
        {
            received_at: iso(Date.now() - 3_600_000),
            content_type: 'application/json',
            bytes: 73,
            reason: 'line 1: unexpected token near end of file',
            preview: '{"AcctId":"71","session":"1770326441724538-1000","src":"1000","dst":"281555',
        },
        {
            received_at: iso(Date.now() - 90_000_000),
            content_type: null,
            bytes: 412,
            reason: 'no call record has AcctId, uniqueid or session',
            preview: '<?xml version="1.0"?>\n<status><sip>ok</sip></status>',
        },
    ].map((one) => ({ id: id_of('00000000dddd'), tenant: 'acme', ...one }));
    return { calls, attempts, quarantine, call_make };
}

export function audio_of(call) {
    const words = call.transcript.segments.flatMap((segment) =>
        segment.words.map((word) => ({ ...word, side: segment.speaker === 'agent' ? 1 : 0 })),
    );
    return wav_make(call.talk_s, words);
}
