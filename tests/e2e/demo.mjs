/*
 * The server under test: `audiapro demo`, the program that AUDIAPRO names, on a port of its own. Resolves when
 * it has printed its address and login; stop() ends it and waits until it has ended.
 */
import { spawn } from 'node:child_process';

const ready_within_ms = 60_000;

export function demo_start(program) {
    const child = spawn(program, ['demo', '--port', '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const stop = async () => {
        child.kill('SIGTERM');
        await ended;
    };
    return new Promise((resolve, reject) => {
        let printed = '';
        const timer = setTimeout(
            () => reject(new Error(`no login within 60 s: ${printed}`)),
            ready_within_ms,
        );
        ended.then((code) => reject(new Error(`audiapro demo ended with ${code}: ${printed}`)));
        child.stdout.on('data', (bytes) => {
            printed += bytes;
            const base = /dashboard +(\S+)/.exec(printed)?.[1];
            const email = /e-mail +(\S+)/.exec(printed)?.[1];
            const password = /password +(\S+)\n/.exec(printed)?.[1];
            if (base && email && password) {
                clearTimeout(timer);
                resolve({ base, email, password, stop });
            }
        });
    });
}
