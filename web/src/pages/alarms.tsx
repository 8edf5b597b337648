/* What is wrong as a whole, since when, and what to do about it; and what was, lately. */
import { useEffect } from 'preact/hooks';

import { read, type Alarm } from '../api/client';
import { events_told } from '../api/events';
import { moment } from '../format';
import { Chip } from '../parts/chip';
import { Title } from '../parts/page';
import { Empty, Failed, Loading } from '../parts/states';
import { use_resource } from '../state/resource';
import { texts } from '../texts';

const t = texts.alarms;

function AlarmCard({ alarm }: { alarm: Alarm }) {
    const isOver = alarm.cleared_at !== null;
    const tone = alarm.severity === 'critical' ? 'bad' : 'wait';
    return (
        <li class="card finding">
            <div class="finding-head">
                <Chip
                    tone={isOver ? 'plain' : tone}
                    icon={isOver ? 'stored' : 'alarms'}
                    text={isOver ? t.over : t.severities[alarm.severity]}
                />
                <h3>{alarm.message}</h3>
            </div>
            <p class="muted">
                {[alarm.tenant, alarm.pbx].filter((one) => one !== null).join(' · ') || t.server}
                {' · '}
                {t.since(moment(alarm.since))}
                {alarm.cleared_at !== null && ` · ${t.until(moment(alarm.cleared_at))}`}
            </p>
            {alarm.detail !== '' && <p>{alarm.detail}</p>}
            {!isOver && (
                <p class="advice">
                    <strong>{t.advice}</strong> {alarm.advice}
                </p>
            )}
        </li>
    );
}

function Alarms({ title, alarms }: { title: string; alarms: Alarm[] }) {
    return (
        <section aria-label={title}>
            <h2>{title}</h2>
            <ul class="stack">
                {alarms.map((alarm) => (
                    <AlarmCard key={alarm.id} alarm={alarm} />
                ))}
            </ul>
        </section>
    );
}

export function AlarmsPage() {
    const { data, problem, reload } = use_resource('alarms', (signal) =>
        read('/api/alarms', { query: { state: 'all' }, signal }),
    );
    useEffect(() => events_told('alarm', () => void reload()), []);
    const raised = data?.alarms.filter((alarm) => alarm.cleared_at === null) ?? [];
    const over = data?.alarms.filter((alarm) => alarm.cleared_at !== null) ?? [];
    return (
        <>
            <div class="page-head">
                <Title text={t.title} />
                <p class="lead">{t.lead}</p>
            </div>
            {problem !== null && data === null && (
                <Failed problem={problem} again={() => void reload()} />
            )}
            {problem === null && data === null && <Loading label={t.loading} rows={3} />}
            {data !== null && raised.length === 0 && (
                <Empty icon="stored" title={t.emptyTitle}>
                    <p>{t.empty}</p>
                </Empty>
            )}
            {raised.length > 0 && <Alarms title={t.raised} alarms={raised} />}
            {over.length > 0 && <Alarms title={t.lately} alarms={over.slice(0, 50)} />}
        </>
    );
}
