/*
 * The dashboard in a real browser, against a running server: signs in by keyboard, finds the calls,
 * plays one and reads its transcript; on every page no violation of the Content-Security-Policy, no
 * serious finding of axe-core, no sideways scrolling on a phone. The API's answers are held against
 * api/openapi.json on the way.
 *
 *   AUDIAPRO=build/release/audiapro node tests/e2e/dashboard.test.mjs        (starts its demo)
 *   BASE_URL=http://127.0.0.1:8080 EMAIL=… PASSWORD=… node tests/e2e/dashboard.test.mjs
 *
 * CHROMIUM (/usr/bin/chromium), WAIT_S (300): how long a first transcript may take.
 * Ends with "N passed, N failed"; exit 1 when one failed.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { answer_faults } from './contract.mjs';
import { demo_start } from './demo.mjs';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const { AUDIAPRO, CHROMIUM = '/usr/bin/chromium', WAIT_S = '300' } = process.env;
if (!AUDIAPRO && !(process.env.BASE_URL && process.env.EMAIL && process.env.PASSWORD)) {
    console.error('AUDIAPRO, or BASE_URL, EMAIL and PASSWORD must be set');
    process.exit(2);
}
const server = process.env.BASE_URL
    ? {
          base: process.env.BASE_URL,
          email: process.env.EMAIL,
          password: process.env.PASSWORD,
      }
    : await demo_start(AUDIAPRO);
const base = server.base.replace(/\/$/, '');
const { email: EMAIL, password: PASSWORD } = server;
const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 900 };

const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
    ],
});
const context = await browser.newContext({ viewport: desk, locale: 'en-US' });
const page = await context.newPage();
page.setDefaultTimeout(15_000);

/* ---- What is watched all along ---- */

const complaints = []; /* Console errors and exceptions, less the refusals that we provoke. */
const ranges = []; /* Answers to requests for sound. */
page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (401|404|429)/.test(message.text())) {
        complaints.push(message.text());
    }
});
page.on('pageerror', (error) => complaints.push(error.message));
page.on('response', (response) => {
    if (/\/api\/calls\/[^/]+\/recording/.test(response.url())) {
        ranges.push({
            status: response.status(),
            range: response.headers()['content-range'] ?? '',
        });
    }
});
const violations = [];
await page.exposeFunction('violation_note', (text) => violations.push(text));
await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
        window.violation_note(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
    });
});

/* ---- Small helpers ---- */

let passed = 0;
let failed = 0;
async function check(sentence, work) {
    try {
        await work();
        passed++;
        console.log(`ok      ${sentence}`);
    } catch (error) {
        failed++;
        console.log(
            `not ok  ${sentence}\n        ${String(error?.message ?? error)
                .split('\n')
                .join('\n        ')}`,
        );
    }
}

/* Ask the API as the page's user would; the answer must keep the contract. */
async function ask(pattern, { id = '', query = '' } = {}) {
    const response = await page.request.get(base + pattern.replace('{id}', id) + query);
    const body = await response.json();
    const faults = answer_faults('GET', pattern, response.status(), body);
    assert.deepEqual(faults, [], `GET ${pattern} breaks the contract`);
    return body;
}

async function until(what, probe, seconds = 15) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const value = await probe();
        if (value) {
            return value;
        }
        assert.ok(Date.now() < end, `waited ${seconds} s for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
    }
}

/* Serious and critical findings of axe-core, light and dark; and no sideways scrolling. */
async function is_well_made() {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(50);
        await page.evaluate(axe.source);
        const found = await page.evaluate(async () => {
            const { violations } = await window.axe.run(document, {
                resultTypes: ['violations'],
            });
            return violations
                .filter(({ impact }) => impact === 'serious' || impact === 'critical')
                .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
        });
        assert.deepEqual(found, [], `axe-core, ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    for (const viewport of [phone, { width: 768, height: 1024 }, desk]) {
        await page.setViewportSize(viewport);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(excess <= 0, `${excess} px too wide at ${viewport.width}`);
    }
}

const audio = (member) => page.$eval('audio', (element, name) => element[name], member);
const heading = (name) => page.getByRole('heading', { level: 1, name });
const shows = (locator) => locator.waitFor({ state: 'visible' });

/* ---- Signing in ---- */

await check('the server is healthy and shows no secrets to strangers', async () => {
    const { status } = await ask('/api/health');
    assert.equal(status, 'healthy');
    const response = await page.request.get(`${base}/api/calls`);
    assert.equal(response.status(), 401);
    assert.deepEqual(answer_faults('GET', '/api/calls', 401, await response.json()), []);
});

await check('the policy allows no inline script and no foreign source', async () => {
    const response = await page.goto(base);
    const policy = response.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    await shows(heading('Sign in'));
});

await check('the sign-in page is accessible', is_well_made);

await check('a wrong password is refused in words, by keyboard alone', async () => {
    await page.goto(base);
    await shows(heading('Sign in'));
    await page.keyboard.type(EMAIL);
    await page.keyboard.press('Tab');
    await page.keyboard.type(`${PASSWORD} but wrong`);
    await page.keyboard.press('Enter');
    await shows(page.getByRole('alert').filter({ hasText: 'do not match' }));
});

await check('signing in works by keyboard alone', async () => {
    await page.goto(base);
    await shows(heading('Sign in'));
    await page.keyboard.type(EMAIL);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await shows(heading('Calls'));
    await ask('/api/auth/me');
});

/* ---- The list ---- */

const target = await until(
    'a call with a stored recording and a transcript',
    async () => {
        const answer = await page.request.get(`${base}/api/calls?recording=stored&limit=200`);
        const { calls = [] } = answer.ok() ? await answer.json() : {};
        return calls.find((call) => call.transcript_state === 'ready' && call.talk_s > 5);
    },
    Number(WAIT_S),
).catch((error) => {
    console.log(`not ok  ${error.message}`);
    failed++;
    return null;
});

await check('every call is listed with the state of its recording', async () => {
    const { calls } = await ask('/api/calls', { query: '?limit=20' });
    assert.ok(calls.length > 0);
    await page.goto(`${base}/calls`);
    await shows(page.locator('.row').first());
    for (const call of calls.slice(0, 10)) {
        const row = page.locator('.row', {
            has: page.locator(`a[href="/calls/${call.id}"]`),
        });
        const words = {
            stored: 'Stored',
            missing: 'Missing',
            waiting: 'Waiting',
            fetching: 'Fetching',
        };
        await shows(row.getByText(words[call.recording_state] ?? 'Not recorded').first());
    }
});

await check('the strip counts what the API counts', async () => {
    const collection = await ask('/api/collection');
    const strip = page.getByRole('region', { name: 'Recordings collected' });
    await shows(strip.getByRole('link', { name: /^Stored/ }));
    const shown = await strip.getByRole('link', { name: /^Stored/ }).innerText();
    assert.equal(shown.replace(/\D/g, ''), String(collection.stored));
    assert.equal(collection.expected, collection.stored + collection.waiting + collection.missing);
});

await check('who is answered but not recorded is told in the words of the API', async () => {
    const { unrecorded } = await ask('/api/collection');
    const lines = [...unrecorded.extensions.slice(0, 5), ...unrecorded.trunks.slice(0, 5)];
    for (const { sentence } of lines) {
        await shows(page.getByText(sentence, { exact: true }));
    }
    const heading = page.getByText('Answered but not recorded', { exact: true });
    assert.equal(await heading.count(), lines.length > 0 ? 1 : 0);
});

await check('filters live in the address and can be cleared', async () => {
    await page.getByLabel('Recording', { exact: true }).selectOption('stored');
    await page.waitForURL(/recording=stored/);
    await until('stored calls only', async () => {
        const chips = await page.locator('.row .recording .chip').allInnerTexts();
        return chips.length > 0 && chips.every((text) => text.trim() === 'Stored');
    });
    await page.getByRole('searchbox').fill('no such person');
    await page.waitForURL(/q=no/);
    await shows(page.getByText('No call matches'));
    await page.getByRole('link', { name: 'Clear filters' }).first().click();
    await shows(page.locator('.row').first());
    assert.equal(new URL(page.url()).search, '');
});

await check('the list is live', async () => {
    await shows(page.getByText('Live', { exact: true }));
});

await check('the list is accessible', is_well_made);

/* ---- One call ---- */

await check('a call opens by keyboard and takes the focus', async () => {
    await page.goto(`${base}/calls?recording=stored`);
    await shows(page.locator('.row').first());
    const link = page.locator(`a[href="/calls/${target.id}"]`);
    while ((await link.count()) === 0) {
        await page.getByRole('button', { name: 'Load more' }).click();
        await page.waitForTimeout(200);
    }
    await link.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/calls/${target.id}`);
    await shows(page.getByRole('button', { name: 'Play', exact: true }));
    const focused = await page.evaluate(() => document.activeElement.tagName);
    assert.equal(focused, 'H1');
});

const call = await ask('/api/calls/{id}', { id: target?.id ?? '' }).catch((error) => {
    console.log(`not ok  ${error.message}`);
    failed++;
    return null;
});

await check('the call plays, its sound fetched in ranges', async () => {
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await until('the sound to advance', async () => (await audio('currentTime')) > 0.5);
    assert.ok(
        ranges.some(({ status, range }) => status === 206 && /^bytes \d+-\d+\/\d+$/.test(range)),
        `answers: ${JSON.stringify(ranges)}`,
    );
    const length = await audio('duration');
    assert.ok(Math.abs(length - call.recordings.find((one) => one.stored).stored.seconds) < 1.5);
});

await check('space pauses, arrows jump ten seconds, speed changes', async () => {
    await page.locator('h1').focus();
    await page.keyboard.press(' ');
    await until('the pause', () => audio('paused'));
    await page.$eval('audio', (element) => {
        element.currentTime = 0;
    });
    await page.keyboard.press('ArrowRight');
    const expected = Math.min(10, await audio('duration'));
    await until('the jump', async () => Math.abs((await audio('currentTime')) - expected) < 0.3);
    await page.keyboard.press('ArrowLeft');
    await until('the jump back', async () => (await audio('currentTime')) < 0.3);
    await page.getByRole('button', { name: '1.5×' }).click();
    assert.equal(await audio('playbackRate'), 1.5);
    await page.getByRole('button', { name: '1×', exact: true }).click();
    const slider = page.getByRole('slider', { name: 'Position' });
    await slider.focus();
    assert.match((await slider.getAttribute('aria-valuetext')) ?? '', / of /);
});

await check('the transcript shows the words that the API gives', async () => {
    const wanted = call.transcript.segments.flatMap((segment) =>
        segment.words.length > 0 ? segment.words.map((one) => one.word.trim()) : [segment.text],
    );
    const shown = await page.locator('.word').allTextContents();
    assert.ok(wanted.length > 2);
    assert.deepEqual(shown, wanted);
});

await check('a click on a word plays from there, and the mark follows', async () => {
    const words = call.transcript.segments.flatMap((segment) => segment.words);
    const index = Math.floor(words.length / 2);
    await page.locator(`[data-word="${index}"]`).click();
    await until('the word to sound', async () => {
        const at = await audio('currentTime');
        return (
            at >= words[index].start - 0.05 &&
            at < words[index].start + 3 &&
            !(await audio('paused'))
        );
    });
    await until('the mark', async () => {
        const marked = await page
            .$eval('.word.now', (word) => Number(word.dataset.word))
            .catch(() => -1);
        return marked >= index;
    });
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
});

const parts = (call?.recordings ?? []).filter((one) => one.state === 'stored');
if (parts.length > 1 && parts[1].transcript_state === 'ready') {
    await check('the second part brings its own sound and words', async () => {
        const { segments } = await ask('/api/calls/{id}/transcript', {
            id: call.id,
            query: `?format=json&recording=${parts[1].id}`,
        });
        const first = page.locator('.segment .words').last();
        await page.getByRole('button', { name: /^Part 2/ }).click();
        await until(
            'its words',
            async () => (await page.locator('.segment').count()) === segments.length,
        );
        assert.equal((await first.innerText()).trim(), segments.at(-1).text.trim());
        assert.match(await audio('src'), new RegExp(`recording=${parts[1].id}`));
        await page.getByRole('button', { name: /^Part 1/ }).click();
        await until(
            'the first again',
            async () =>
                (await page.locator('.segment').count()) === call.transcript.segments.length,
        );
    });
}

await check("a segment's time plays it by keyboard", async () => {
    const button = page.locator('.segment .time').first();
    await button.focus();
    await page.keyboard.press('Enter');
    const start = call.transcript.segments[0].start;
    await until('the segment', async () => {
        const at = await audio('currentTime');
        return at >= start - 0.05 && at < start + 3;
    });
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
});

await check('timeline, attempts and legs are told', async () => {
    const { attempts } = await ask('/api/calls/{id}/attempts', { id: call.id });
    await page.getByRole('tab', { name: /Timeline/ }).focus();
    assert.equal(await page.locator('.timeline li').count(), call.timeline.length);
    await page.keyboard.press('ArrowRight');
    await until(
        'the attempts',
        async () => (await page.locator('.records tbody tr').count()) === attempts.length,
    );
    await page.keyboard.press('ArrowRight');
    await until(
        'the legs',
        async () =>
            (await page.locator('.records tbody tr:not(.all-fields)').count()) === call.legs.length,
    );
});

await check('sound and transcript can be downloaded in each format', async () => {
    await ask('/api/calls/{id}/transcript', {
        id: call.id,
        query: '?format=json',
    });
    for (const format of ['txt', 'srt', 'vtt']) {
        const response = await page.request.get(
            `${base}/api/calls/${call.id}/transcript?format=${format}`,
        );
        assert.equal(response.status(), 200, format);
        assert.ok((await response.text()).length > 20, format);
    }
    const response = await page.request.get(`${base}/api/calls/${call.id}/recording?download=1`);
    assert.match(response.headers()['content-disposition'] ?? '', /^attachment/);
    await page.locator('summary', { hasText: 'Download' }).click();
    await shows(page.getByRole('link', { name: /^Transcript.*\.srt$/ }).first());
    await page.keyboard.press('Escape');
});

await check('the call page is accessible, with each tab', async () => {
    await page.reload();
    await shows(page.locator('.segment').first());
    await is_well_made();
    for (const name of [/Attempts/, /Legs/]) {
        await page.getByRole('tab', { name }).click();
        await is_well_made();
    }
});

/* ---- What went wrong, and the rest ---- */

const { calls: missing } = await ask('/api/calls', {
    query: '?recording=missing&limit=1',
}).catch(() => ({ calls: [] }));
if ((missing ?? []).length > 0) {
    await check('a missing recording says why, who must act, and can be retried', async () => {
        await page.goto(`${base}/calls/${missing[0].id}`);
        const { reason } = missing[0].recordings.find((one) => one.state === 'missing');
        await shows(page.getByText(reason.message).first());
        await shows(page.getByText(reason.advice).first());
        await is_well_made();
        await page.getByRole('button', { name: 'Retry now' }).click();
        await shows(page.getByText('will be fetched now'));
    });
}

await check('all recordings with a reason can be tried again at once', async () => {
    const { reasons } = await ask('/api/collection');
    if (reasons.length > 0) {
        await page.goto(`${base}/calls?recording=${reasons[0].code}`);
        await shows(page.getByText(reasons[0].advice));
        await page.getByRole('button', { name: /^Try \d+ recordings? again$/ }).click();
        await shows(page.getByText(/will be fetched now/));
    }
});

await check('the doctor examines step by step and says that all is well', async () => {
    const { tenant } = (await ask('/api/calls', { query: '?recording=stored&limit=1' })).calls[0];
    await page.goto(`${base}/doctor?tenant=${tenant}`);
    await shows(heading('Doctor'));
    await is_well_made();
    await page.getByRole('button', { name: 'Examine' }).click();
    await shows(page.locator('.steps .finding').first());
    await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: 90_000 });
    await shows(page.getByRole('heading', { name: 'All is well' }));
    assert.ok((await page.locator('.steps .finding').count()) >= 12, 'every step is shown');
    assert.equal(await page.locator('.steps').getByText('Failed', { exact: true }).count(), 0);
    const link = page.getByRole('link', { name: 'Report to send on' });
    const report = await page.request.get(base + (await link.getAttribute('href')));
    assert.equal(report.status(), 200);
    assert.match(await report.text(), /<html/);
    await is_well_made();
});

await check('the doctor names what is wrong, also with the file that is asked for', async () => {
    const { tenant } = (await ask('/api/calls', { query: '?recording=stored&limit=1' })).calls[0];
    const path = encodeURIComponent('2020-01/auto-1-1-<b>1.wav');
    await page.goto(`${base}/doctor?tenant=${tenant}&recording=${path}`);
    await shows(page.getByText('with the recording 2020-01/auto-1-1-<b>1.wav'));
    await page.getByRole('button', { name: 'Examine' }).click();
    await page.getByRole('region', { name: 'Result' }).waitFor({ timeout: 90_000 });
    await shows(page.getByRole('heading', { name: 'Root cause' }));
    await shows(page.locator('.steps').getByText('Failed', { exact: true }).first());
    await is_well_made();
});

await check('the alarms are shown as the API tells them', async () => {
    await page.goto(`${base}/alarms`);
    await shows(heading('Alarms'));
    const { alarms } = await ask('/api/alarms', { query: '?state=all' });
    await until(
        'the alarms',
        async () => (await page.locator('.finding').count()) === Math.min(alarms.length, 50),
    );
    if (alarms.every((alarm) => alarm.cleared_at !== null)) {
        await shows(page.getByRole('heading', { name: 'Nothing is wrong' }));
    }
    await is_well_made();
});

await check('the quarantine is shown and accessible', async () => {
    const { webhooks } = await ask('/api/quarantine');
    await page.goto(`${base}/quarantine`);
    await shows(heading('Quarantine'));
    await until(
        'the webhooks',
        async () => (await page.locator('.webhook').count()) === webhooks.length,
    );
    await is_well_made();
});

await check('an address without a page says so', async () => {
    await page.goto(`${base}/no/such/page`);
    await shows(heading('Nothing here'));
    await page.goto(`${base}/calls/00000000-0000-7000-8000-000000000000`);
    await shows(heading('Nothing here'));
    await is_well_made();
});

await check('the theme can be chosen and is remembered', async () => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    await page.getByRole('button', { name: 'Theme: System' }).click();
    await page.getByRole('button', { name: 'Theme: Light' }).click();
    assert.equal(await theme(), 'dark');
    await page.reload();
    await shows(page.getByRole('button', { name: 'Theme: Dark' }));
    assert.equal(await theme(), 'dark');
});

await check('signing out ends the session', async () => {
    await page.getByRole('button', { name: /^Sign out/ }).click();
    await shows(heading('Sign in'));
    assert.equal((await page.request.get(`${base}/api/auth/me`)).status(), 401);
});

await check('the policy was never violated', () => assert.deepEqual(violations, []));
await check('the browser had nothing to complain about', () => assert.deepEqual(complaints, []));

await browser.close();
await server.stop?.();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
