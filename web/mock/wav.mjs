/* A recording that nobody made: a stereo WAV (8 kHz, 16 bit) in which each side hums while its words
 * last, in a pitch of its own, so that ear and eye can tell whether player and transcript agree. */
const rate = 8000;

/* `words` are { side: 0|1, start, end } in seconds. */
export function wav_make(seconds, words) {
    const frames = Math.round(seconds * rate);
    const wav = Buffer.alloc(44 + frames * 4);
    wav.write('RIFF', 0);
    wav.writeUInt32LE(wav.length - 8, 4);
    wav.write('WAVEfmt ', 8);
    wav.writeUInt32LE(16, 16);
    wav.writeUInt16LE(1, 20);
    wav.writeUInt16LE(2, 22);
    wav.writeUInt32LE(rate, 24);
    wav.writeUInt32LE(rate * 4, 28);
    wav.writeUInt16LE(4, 32);
    wav.writeUInt16LE(16, 34);
    wav.write('data', 36);
    wav.writeUInt32LE(frames * 4, 40);
    for (const { side, start, end } of words) {
        const pitch = side === 0 ? 180 : 260;
        const first = Math.round(start * rate);
        const count = Math.min(Math.round(end * rate), frames) - first;
        for (let i = 0; i < count; i++) {
            const swell = Math.sin((Math.PI * i) / count);
            const value = 6000 * swell * Math.sin((2 * Math.PI * pitch * i) / rate);
            wav.writeInt16LE(Math.round(value), 44 + (first + i) * 4 + side * 2);
        }
    }
    return wav;
}
