import { Title } from '../parts/page';
import { texts } from '../texts';

export function NotFoundPage() {
    return (
        <div class="empty">
            <Title text={texts.errors.notFoundTitle} />
            <p>{texts.errors.notFound}</p>
            <a class="button" href="/calls">
                {texts.errors.toCalls}
            </a>
        </div>
    );
}
