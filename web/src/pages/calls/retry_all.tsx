/* All recordings with the chosen reason (or all that wait, or are missing) tried again: one press after the
 * cause is gone. */
import { useState } from 'preact/hooks';

import { change, Problem, type Collection } from '../../api/client';
import { Icon } from '../../parts/icon';
import { place } from '../../router';
import { notice_show } from '../../state/notice';
import { texts } from '../../texts';

const t = texts.collection;

export function RetryAll(props: {
    collection: Collection;
    range: { from: string; tenant: string };
    done: () => void;
}) {
    const [isBusy, setBusy] = useState(false);
    const chosen = place.value.searchParams.get('recording');
    const reason = props.collection.reasons.find(({ code }) => code === chosen);
    if (reason === undefined) {
        return null;
    }
    const retry = async () => {
        setBusy(true);
        try {
            const { retried, waiting_for_pbx } = await change('/api/recordings/retry', {
                query: { tenant: props.range.tenant },
                body: { reason: reason.code, from: props.range.from || null },
            });
            notice_show(t.retried(retried, waiting_for_pbx));
            props.done();
        } catch (error) {
            const told = error instanceof Problem ? error.message : '';
            notice_show(told === '' ? t.retryFailed : told);
        }
        setBusy(false);
    };
    return (
        <div class="retry-all">
            <p>
                {reason.message} <span class="muted">{reason.advice}</span>
            </p>
            <button type="button" class="button" disabled={isBusy} onClick={() => void retry()}>
                <Icon name="retry" />
                {isBusy ? t.retrying : t.retryAll(reason.count)}
            </button>
        </div>
    );
}
