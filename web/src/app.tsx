/* Which page is shown: the sign-in as long as nobody is signed in, then the one of the address. */
import type { ComponentChildren } from 'preact';

import { AlarmsPage } from './pages/alarms';
import { CallPage } from './pages/call';
import { CallsPage } from './pages/calls';
import { DoctorPage } from './pages/doctor';
import { NotFoundPage } from './pages/not_found';
import { QuarantinePage } from './pages/quarantine';
import { SignInPage } from './pages/sign_in';
import { Shell } from './parts/shell';
import { Failed } from './parts/states';
import { match, place } from './router';
import { session, session_load, session_problem } from './state/session';

type Values = Record<string, string>;
const routes: { pattern: string; page: (values: Values) => ComponentChildren }[] = [
    { pattern: '/', page: () => <CallsPage /> },
    { pattern: '/calls', page: () => <CallsPage /> },
    { pattern: '/calls/{id}', page: ({ id = '' }) => <CallPage key={id} id={id} /> },
    { pattern: '/doctor', page: () => <DoctorPage /> },
    { pattern: '/alarms', page: () => <AlarmsPage /> },
    { pattern: '/quarantine', page: () => <QuarantinePage /> },
];

function page_at(path: string): ComponentChildren {
    for (const route of routes) {
        const values = match(route.pattern, path);
        if (values !== null) {
            return route.page(values);
        }
    }
    return <NotFoundPage />;
}

export function App() {
    if (session_problem.value !== null) {
        return (
            <main class="alone">
                <Failed problem={session_problem.value} again={() => void session_load()} />
            </main>
        );
    }
    if (session.value === undefined) {
        return null;
    }
    if (session.value === null) {
        return <SignInPage />;
    }
    return <Shell>{page_at(place.value.pathname)}</Shell>;
}
