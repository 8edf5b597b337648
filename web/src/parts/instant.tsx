/* An instant, written as `form` does it; a dash where there is none. */
import { texts } from '../texts';

export function Instant(props: { at: string | null; form: (at: string) => string }) {
    return props.at === null ? (
        <span>{texts.units.none}</span>
    ) : (
        <time dateTime={props.at}>{props.form(props.at)}</time>
    );
}
