import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useEffect, useRef } from "react";
import css from "@/parts/Page.module.css";

interface PageProps {
  /** Also the browser's title. */
  title: string;
  /** What stands before the title: where it is, as links. */
  trail?: ReactNode;
  /** Beside the title: a state, a count. */
  beside?: ReactNode;
  /** Right: one primary action at most. */
  actions?: ReactNode;
  /** Under the title, in the header that stays: tabs, filters. */
  below?: ReactNode;
  /** Content reaches the edges (tables, graphs). */
  wide?: boolean;
  children: ReactNode;
}

/** A page: a header that stays, and what is below it. */
export function Page({ title, trail, beside, actions, below, wide = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · onbeat`;
  }, [title]);
  return (
    <div className={css.page} data-wide={wide || undefined}>
      <header className={css.header}>
        <div className={css.line}>
          <div className={css.name}>
            {trail && <div className={css.trail}>{trail}</div>}
            <h1 className={css.title}>{title}</h1>
            {beside}
          </div>
          {actions && <div className={css.actions}>{actions}</div>}
        </div>
        {below}
      </header>
      <div className={css.content} data-wide={wide || undefined}>
        {children}
      </div>
    </div>
  );
}

/** Tabs in a page's header; the chosen one is in the URL. */
export function PageTabs<T extends string>({
  value,
  onChange,
  tabs,
}: {
  value: T;
  onChange: (value: T) => void;
  tabs: { value: T; label: ReactNode }[];
}) {
  const list = useRef<HTMLDivElement>(null);
  // Where they are wider than the screen, the chosen one is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one was chosen
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [value]);
  return (
    <Tabs ref={list} value={value} onChange={(next) => next && onChange(next as T)} className={css.tabs}>
      <Tabs.List>
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.value} value={tab.value}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
    </Tabs>
  );
}

/** A titled part of a page. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.section}>
      <div className={css.sectionHead}>
        <h2 className={css.sectionTitle}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
