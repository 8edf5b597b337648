/* The calls: what was collected, the filters (they live in the address), the list by days. */
import { read } from '../../api/client';
import { Title } from '../../parts/page';
import { Empty, Failed, Loading } from '../../parts/states';
import { place } from '../../router';
import { use_calls } from '../../state/calls';
import { use_live, use_resource } from '../../state/resource';
import { texts } from '../../texts';
import { CollectionStrip } from './collection';
import { filter_of, is_filtered } from './filter';
import { Filters } from './filters';
import { CallList } from './list';
import { NoCallsYet } from './no_calls_yet';

export function CallsPage() {
    const search = place.value.searchParams;
    const filter = filter_of(search);
    const { list, problem, reload, more, isLoadingMore } = use_calls(filter);
    const range = { from: filter.from, tenant: filter.tenant };
    const collection = use_resource(`collection ${JSON.stringify(range)}`, (signal) =>
        read('/api/collection', { query: range, signal }),
    );
    use_live(
        () => {
            void reload();
            void collection.reload();
        },
        () => true,
    );

    const isEmpty = list?.calls.length === 0;
    return (
        <>
            <div class="page-head">
                <Title text={texts.calls.title} />
            </div>
            {isEmpty && !is_filtered(search) ? (
                <NoCallsYet />
            ) : (
                <>
                    <CollectionStrip
                        collection={collection.data}
                        range={range}
                        done={() => {
                            void reload();
                            void collection.reload();
                        }}
                    />
                    <Filters
                        reasons={collection.data?.reasons.map((reason) => reason.code) ?? []}
                    />
                    {list === null && problem !== null && (
                        <Failed problem={problem} again={() => void reload()} />
                    )}
                    {list === null && problem === null && (
                        <Loading label={texts.calls.loading} rows={8} />
                    )}
                    {isEmpty && (
                        <Empty icon="search" title={texts.calls.noneFoundTitle}>
                            <p>{texts.calls.noneFound}</p>
                            <a class="button" href="/calls">
                                {texts.calls.clear}
                            </a>
                        </Empty>
                    )}
                    {list !== null && !isEmpty && (
                        <CallList calls={list.calls} arrived={list.arrived} />
                    )}
                    {list !== null && !isEmpty && (
                        <div class="list-foot">
                            <p class="muted" role="status">
                                {texts.calls.count(list.calls.length, list.nextCursor === null)}
                            </p>
                            {list.nextCursor !== null && (
                                <button
                                    type="button"
                                    class="button"
                                    disabled={isLoadingMore}
                                    onClick={() => void more()}
                                >
                                    {isLoadingMore ? texts.calls.loadingMore : texts.calls.more}
                                </button>
                            )}
                        </div>
                    )}
                </>
            )}
        </>
    );
}
