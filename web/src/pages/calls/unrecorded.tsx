/* Extensions and trunks that are answered but not recorded: nothing is missing there, and yet nobody will ever
 * hear these calls. */
import type { Collection } from '../../api/client';
import { Icon } from '../../parts/icon';
import { texts } from '../../texts';

const shown_max = 5;

export function Unrecorded({ unrecorded }: { unrecorded: Collection['unrecorded'] }) {
    const groups = [unrecorded.extensions, unrecorded.trunks].filter(({ length }) => length > 0);
    if (groups.length === 0) {
        return null;
    }
    return (
        <div class="unrecorded">
            <p class="figure-label">
                <Icon name="not_expected" size={16} />
                {texts.collection.unrecorded}
            </p>
            {groups.map((lines) => (
                <div key={lines[0]?.sentence}>
                    <ul>
                        {lines.slice(0, shown_max).map((line) => (
                            <li key={`${line.tenant} ${line.pbx} ${line.sentence}`}>
                                {line.sentence}
                            </li>
                        ))}
                    </ul>
                    {lines.length > shown_max && (
                        <p class="muted">{texts.collection.more(lines.length - shown_max)}</p>
                    )}
                    <p class="muted">{lines[0]?.advice}</p>
                </div>
            ))}
        </div>
    );
}
