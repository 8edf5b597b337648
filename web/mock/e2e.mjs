/* The browser test against the stand-in server, so that the dashboard can be tested alone. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { credentials, mock_start } from './server.mjs';

const test = fileURLToPath(new URL('../../tests/e2e/dashboard.test.mjs', import.meta.url));
const server = await mock_start();
const child = spawn(process.execPath, [test], {
    stdio: 'inherit',
    env: {
        ...process.env,
        BASE_URL: server.url,
        EMAIL: credentials.email,
        PASSWORD: credentials.password,
    },
});
child.on('exit', (code) => {
    server.stop();
    process.exitCode = code ?? 1;
});
