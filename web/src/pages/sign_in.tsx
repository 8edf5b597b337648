/* Signing in. A refusal says so beside the form and keeps what was typed. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { Problem } from '../api/client';
import { Logo, ThemeChoice } from '../parts/shell';
import { problem_text } from '../parts/states';
import { session_open } from '../state/session';
import { texts } from '../texts';

const told: Record<string, string> = {
    login_refused: texts.signIn.refused,
    login_throttled: texts.signIn.throttled,
};

export function SignInPage() {
    const [isBusy, setBusy] = useState(false);
    const [refusal, setRefusal] = useState('');
    const [isShown, setShown] = useState(false);
    const email = useRef<HTMLInputElement>(null);
    const password = useRef<HTMLInputElement>(null);

    useEffect(() => {
        document.title = `${texts.signIn.title} · ${texts.product}`;
        email.current?.focus();
    }, []);

    const submit = async (event: Event) => {
        event.preventDefault();
        setBusy(true);
        setRefusal('');
        try {
            await session_open(email.current?.value ?? '', password.current?.value ?? '');
        } catch (error) {
            setBusy(false);
            if (!(error instanceof Problem)) {
                throw error;
            }
            setRefusal(told[error.code] ?? problem_text(error));
            password.current?.select();
        }
    };

    return (
        <main class="alone">
            <form class="sign-in card" onSubmit={submit}>
                <div class="brand">
                    <Logo />
                    <span>{texts.product}</span>
                </div>
                <div>
                    <h1>{texts.signIn.title}</h1>
                    <p class="muted">{texts.signIn.lead}</p>
                </div>
                {refusal !== '' && (
                    <p class="alert" role="alert">
                        {refusal}
                    </p>
                )}
                <label>
                    {texts.signIn.email}
                    <input ref={email} type="email" name="email" autocomplete="username" required />
                </label>
                <label>
                    {texts.signIn.password}
                    <input
                        ref={password}
                        type={isShown ? 'text' : 'password'}
                        name="password"
                        autocomplete="current-password"
                        required
                    />
                </label>
                <label class="check">
                    <input type="checkbox" checked={isShown} onChange={() => setShown(!isShown)} />
                    {texts.signIn.show}
                </label>
                <button type="submit" class="button primary" disabled={isBusy}>
                    {isBusy ? texts.signIn.busy : texts.signIn.submit}
                </button>
            </form>
            <ThemeChoice />
        </main>
    );
}
