/* Why do recordings not arrive? The examination, step by step as it goes on, and its root cause. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { address, change, Problem, type Examination, type ExaminationStep } from '../api/client';
import { events_told } from '../api/events';
import { Chip, type Tone } from '../parts/chip';
import { Icon, type IconName } from '../parts/icon';
import { Title } from '../parts/page';
import { problem_text } from '../parts/states';
import { place } from '../router';
import { session } from '../state/session';
import { spoken, texts } from '../texts';

const t = texts.doctor;
const looks: Record<ExaminationStep['state'], { tone: Tone; icon: IconName }> = {
    ok: { tone: 'good', icon: 'stored' },
    warning: { tone: 'wait', icon: 'waiting' },
    failed: { tone: 'bad', icon: 'missing' },
    skipped: { tone: 'plain', icon: 'not_expected' },
};

/* The steps so far, each once: told live, and all of them again in the answer. */
export function steps_with(steps: ExaminationStep[], step: ExaminationStep): ExaminationStep[] {
    return steps.some((one) => one.name === step.name) ? steps : [...steps, step];
}

function use_examination() {
    const [steps, setSteps] = useState<ExaminationStep[]>([]);
    const [result, setResult] = useState<Examination | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const [isBusy, setBusy] = useState(false);
    const run = useRef('');

    useEffect(
        () =>
            events_told('doctor', (event) => {
                if (event.run === run.current) {
                    setSteps((old) => steps_with(old, event.step));
                }
            }),
        [],
    );
    const examine = async (tenant: string, recording: string) => {
        run.current = crypto.getRandomValues(new Uint32Array(2)).join('-');
        setSteps([]);
        setResult(null);
        setProblem(null);
        setBusy(true);
        try {
            const found = await change('/api/admin/test-ucm-connection', {
                query: { tenant } as never,
                body: { run: run.current, ...(recording === '' ? {} : { recording }) },
            });
            setSteps(found.steps);
            setResult(found);
        } catch (error) {
            setProblem(
                error instanceof Problem ? error : new Problem(0, 'unexpected', String(error)),
            );
        }
        setBusy(false);
    };
    return { steps, result, problem, isBusy, examine };
}

function Step({ step }: { step: ExaminationStep }) {
    return (
        <li class="card finding">
            <div class="finding-head">
                <Chip {...looks[step.state]} text={t.states[step.state]} />
                <h3>{step.title}</h3>
                {step.state !== 'skipped' && (
                    <span class="muted">{texts.units.milliseconds(String(step.ms))}</span>
                )}
            </div>
            <p class="evidence">{step.detail}</p>
            {step.advice !== null && (
                <p class="advice">
                    <strong>{t.advice}</strong> {step.advice}
                </p>
            )}
        </li>
    );
}

function Verdict({ result, tenant }: { result: Examination; tenant: string }) {
    const cause = result.root_cause;
    const report = (format: string) =>
        address('/api/admin/doctor-report', {}, { format, tenant: tenant || undefined });
    return (
        <section class="card diagnosis" aria-label={t.verdict}>
            <h2>{cause === null ? t.wellTitle : t.causeTitle}</h2>
            {cause === null ? (
                <p>{t.well}</p>
            ) : (
                <dl>
                    <dt>{t.what}</dt>
                    <dd>
                        {cause.message} <code>{cause.code}</code>
                    </dd>
                    <dt>{t.who}</dt>
                    <dd>{texts.owners[cause.owner] ?? spoken(cause.owner)}</dd>
                    <dt>{t.next}</dt>
                    <dd>{cause.advice}</dd>
                </dl>
            )}
            <p class="diagnosis-links">
                <a class="button" href={report('html')} download="doctor.html">
                    <Icon name="download" />
                    {t.report}
                </a>
                <a class="button quiet" href={report('md')} download="doctor.md">
                    <Icon name="download" />
                    {t.reportMarkdown}
                </a>
            </p>
        </section>
    );
}

export function DoctorPage() {
    const { searchParams } = place.value;
    const recording = searchParams.get('recording') ?? '';
    const [tenant, setTenant] = useState(searchParams.get('tenant') ?? '');
    const { steps, result, problem, isBusy, examine } = use_examination();
    return (
        <>
            <div class="page-head">
                <Title text={t.title} />
                <p class="lead">{t.lead}</p>
            </div>
            <form
                class="doctor-form"
                onSubmit={(event) => {
                    event.preventDefault();
                    void examine(tenant, recording);
                }}
            >
                {session.value?.user.tenant === null && (
                    <label class="field">
                        <span>{t.tenant}</span>
                        <input
                            type="text"
                            value={tenant}
                            maxLength={63}
                            placeholder={t.tenantHint}
                            onInput={(event) => setTenant(event.currentTarget.value.trim())}
                        />
                    </label>
                )}
                <button type="submit" class="button primary" disabled={isBusy}>
                    <Icon name="doctor" />
                    {isBusy ? t.busy : t.examine}
                </button>
                {recording !== '' && <p class="muted">{t.withRecording(recording)}</p>}
            </form>
            <div role="status" class="doctor-status">
                {problem !== null && <p class="problem">{problem_text(problem)}</p>}
                {isBusy && <p class="muted">{t.running(steps.length)}</p>}
            </div>
            {result !== null && <Verdict result={result} tenant={tenant} />}
            {steps.length > 0 && (
                <ol class="stack steps" aria-label={t.steps}>
                    {steps.map((step) => (
                        <Step key={step.name} step={step} />
                    ))}
                </ol>
            )}
        </>
    );
}
