import { Button, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { find, grouped, type Item } from "@/pages/plugins/catalogue";
import css from "@/pages/plugins/Plugins.module.css";
import { KINDS, type Kind } from "@/pages/plugins/search";
import { useCatalogue } from "@/pages/plugins/useCatalogue";
import { copyText } from "@/parts/clipboard";
import { notify } from "@/parts/notify";
import { Page } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

const TITLES: Record<Kind, string> = {
  task: "Tasks",
  trigger: "Triggers",
  condition: "Conditions",
  input: "Inputs",
  function: "Functions",
  filter: "Filters",
  test: "Tests",
};
const isWord = (item: Item) => item.kind === "function" || item.kind === "filter" || item.kind === "test";

/** All that a flow can name, to be searched: write, move by arrows, open by Enter. */
export default function PluginsPage() {
  const { q = "", kind } = useSearch({ from: "/plugins" });
  const navigate = useNavigate({ from: "/plugins" });
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const { items, error, again } = useCatalogue();
  const groups = useMemo(() => grouped(items ? find(items, q, kind) : []), [items, q, kind]);
  const flat = useMemo(() => groups.flatMap((each) => each.items), [groups]);
  useEffect(() => {
    list.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: "nearest" });
  }, [at]);

  const open = async (item: Item | undefined) => {
    if (!item) return;
    if (!isWord(item)) return navigate({ to: "/plugins/$type", params: { type: item.name }, search: {} });
    if (await copyText(item.description)) notify.done(`${item.description} is copied.`);
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((now) => Math.min(Math.max(now + step, 0), flat.length - 1));
    } else if (event.key === "Enter") void open(flat[at]);
  };
  const ask = (next: { q?: string; kind?: Kind }) => {
    setAt(0);
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  };

  let index = -1;
  return (
    <Page
      title="Plugins"
      beside={items && <span className={css.dim}>{flat.length.toLocaleString("en")}</span>}
      below={
        <div className={css.filter}>
          <TextInput
            data-search
            autoFocus
            className={css.search}
            aria-label="Search plugins"
            aria-controls="plugins-list"
            aria-activedescendant={flat[at] ? `plugin-${at}` : undefined}
            role="combobox"
            aria-expanded
            placeholder="A type, a word of expressions, what it does"
            leftSection={<IconSearch className={css.icon} />}
            value={q}
            onChange={(event) => ask({ q: event.target.value || undefined })}
            onKeyDown={press}
          />
          <fieldset className={css.kinds} aria-label="Kind">
            <button type="button" aria-pressed={kind === undefined} onClick={() => ask({ kind: undefined })}>
              All
            </button>
            {KINDS.map((each) => (
              <button key={each} type="button" aria-pressed={kind === each} onClick={() => ask({ kind: each })}>
                {TITLES[each]}
              </button>
            ))}
          </fieldset>
        </div>
      }
    >
      {error && !items ? (
        <Failed error={error} again={again} />
      ) : !items ? (
        <Loading />
      ) : flat.length === 0 ? (
        <Empty
          title={`Nothing has “${q}” in it`}
          action={
            <Button variant="default" onClick={() => ask({ q: undefined, kind: undefined })}>
              Clear the search
            </Button>
          }
        >
          Types of other packages come by entry points: what is installed beside onbeat is listed here after a restart.
        </Empty>
      ) : (
        <div id="plugins-list" role="listbox" aria-label="Plugins" ref={list}>
          {groups.map(({ group, items: inside }) => (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot stand in a listbox
            <div key={group} role="group" aria-label={group} className={css.group} data-words={inside.every(isWord) || undefined}>
              <div className={css.title} aria-hidden>
                {group}
              </div>
              {inside.map((item) => {
                index += 1;
                const own = index;
                const shared = {
                  id: `plugin-${own}`,
                  role: "option",
                  "aria-selected": own === at,
                  "data-at": own,
                  tabIndex: -1,
                } as const;
                return isWord(item) ? (
                  <button
                    key={`${item.kind} ${item.name}`}
                    type="button"
                    className={css.word}
                    title={`Copy ${item.description}`}
                    onClick={() => void open(item)}
                    {...shared}
                  >
                    {item.name}
                  </button>
                ) : (
                  <Link
                    key={`${item.kind} ${item.name}`}
                    to="/plugins/$type"
                    params={{ type: item.name }}
                    search={{}}
                    className={css.item}
                    {...shared}
                  >
                    <code className={css.name}>{item.name}</code>
                    <span className={css.kind}>{item.kind}</span>
                    <span className={css.said} title={item.description}>
                      {item.description}
                    </span>
                  </Link>
                );
              })}
            </div>
          ))}
        </div>
      )}
    </Page>
  );
}
