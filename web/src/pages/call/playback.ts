/*
 * The sound and where it is. One <audio> element does the work (it asks for ranges by itself); the
 * player, the lanes and the transcript all read these signals.
 */
import { signal } from '@preact/signals';

export const speeds = [0.75, 1, 1.25, 1.5, 2] as const;

export class Playback {
    readonly at = signal(0); /* Seconds from the start. */
    readonly length = signal(0);
    readonly isPlaying = signal(false);
    readonly hasFailed = signal(false);
    readonly speed = signal(1);

    private audio: HTMLAudioElement | null = null;
    private frame = 0;

    /* The element as Preact mounts and removes it. */
    readonly attach = (audio: HTMLAudioElement | null): void => {
        cancelAnimationFrame(this.frame);
        this.audio = audio;
        this.isPlaying.value = false;
        if (audio === null) {
            return;
        }
        this.at.value = 0;
        this.hasFailed.value = false;
        audio.onplay = () => {
            this.isPlaying.value = true;
            this.watch();
        };
        audio.onpause = audio.onended = () => {
            this.isPlaying.value = false;
            this.read();
        };
        audio.onseeked = audio.ontimeupdate = () => this.read();
        audio.onloadedmetadata = audio.ondurationchange = () => {
            if (Number.isFinite(audio.duration)) {
                this.length.value = audio.duration;
            }
            audio.playbackRate = this.speed.value;
        };
        audio.onerror = () => {
            this.hasFailed.value = true;
        };
    };

    toggle(): void {
        if (this.audio === null) {
            return;
        }
        if (this.audio.paused) {
            this.play();
        } else {
            this.audio.pause();
        }
    }

    play(): void {
        /* A refusal (no such file, a format the browser lacks) also arrives at onerror. */
        this.audio?.play().catch(() => undefined);
    }

    seek(seconds: number): void {
        const audio = this.audio;
        if (audio === null) {
            return;
        }
        const target = Math.min(Math.max(seconds, 0), this.length.value || seconds);
        audio.currentTime = target;
        this.at.value = target;
    }

    jump(seconds: number): void {
        this.seek((this.audio?.currentTime ?? 0) + seconds);
    }

    choose_speed(speed: number): void {
        this.speed.value = speed;
        if (this.audio !== null) {
            this.audio.playbackRate = speed;
        }
    }

    private read(): void {
        if (this.audio !== null) {
            this.at.value = this.audio.currentTime;
        }
    }

    /* timeupdate comes four times a second: too seldom to follow words. */
    private watch(): void {
        this.read();
        if (this.isPlaying.value) {
            this.frame = requestAnimationFrame(() => this.watch());
        }
    }
}
