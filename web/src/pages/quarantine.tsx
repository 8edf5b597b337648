/* Webhooks that were kept but could not be read, so that somebody can see why. */
import { read, type QuarantinedWebhook } from '../api/client';
import { moment, size } from '../format';
import { Title } from '../parts/page';
import { Empty, Failed, Loading } from '../parts/states';
import { use_live, use_resource } from '../state/resource';
import { texts } from '../texts';

function Webhook({ webhook }: { webhook: QuarantinedWebhook }) {
    return (
        <li class="card webhook">
            <div class="webhook-head">
                <h2>{webhook.reason}</h2>
                <p class="muted">
                    <time dateTime={webhook.received_at}>{moment(webhook.received_at)}</time>
                    {' · '}
                    {webhook.tenant}
                    {' · '}
                    {webhook.content_type ?? texts.quarantine.noType}
                    {' · '}
                    {size(webhook.bytes)}
                </p>
            </div>
            {webhook.preview !== '' && (
                <pre
                    tabIndex={0}
                    role="region"
                    aria-label={`${texts.quarantine.preview}: ${webhook.reason}`}
                >
                    {webhook.preview}
                </pre>
            )}
        </li>
    );
}

export function QuarantinePage() {
    const { data, problem, reload } = use_resource('quarantine', (signal) =>
        read('/api/quarantine', { signal }),
    );
    use_live(
        () => void reload(),
        () => true,
        2000,
    );
    return (
        <>
            <div class="page-head">
                <Title text={texts.quarantine.title} />
                <p class="lead">{texts.quarantine.lead}</p>
            </div>
            {problem !== null && data === null && (
                <Failed problem={problem} again={() => void reload()} />
            )}
            {problem === null && data === null && (
                <Loading label={texts.quarantine.loading} rows={3} />
            )}
            {data?.webhooks.length === 0 && (
                <Empty icon="stored" title={texts.quarantine.emptyTitle}>
                    <p>{texts.quarantine.empty}</p>
                </Empty>
            )}
            {data !== null && data.webhooks.length > 0 && (
                <ul class="stack">
                    {data.webhooks.map((webhook) => (
                        <Webhook key={webhook.id} webhook={webhook} />
                    ))}
                </ul>
            )}
        </>
    );
}
