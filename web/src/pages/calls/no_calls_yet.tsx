/* The first thing a new owner sees: what to enter where, so that the first call arrives. */
import { CopyButton } from '../../parts/copy';
import { Empty } from '../../parts/states';
import { session } from '../../state/session';
import { texts } from '../../texts';

const t = texts.calls;

export function NoCallsYet() {
    const tenant = session.value?.user.tenant ?? t.tenantPlaceholder;
    const address = `${location.origin}/api/webhook/cdr/${tenant}`;
    const [first, second, third] = t.emptySteps;
    return (
        <div class="card first-call">
            <Empty icon="calls" title={t.emptyTitle}>
                <p>{t.emptyLead}</p>
            </Empty>
            <ol class="steps">
                <li>{first}</li>
                <li>
                    {second}
                    <p class="address">
                        <code>{address}</code>
                        <CopyButton text={address} />
                    </p>
                    <p class="muted">{t.emptySecret}</p>
                </li>
                <li>{third}</li>
            </ol>
        </div>
    );
}
