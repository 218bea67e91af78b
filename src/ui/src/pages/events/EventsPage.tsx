import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { DeadTab } from "@/pages/events/DeadTab";
import { ExplainTab } from "@/pages/events/ExplainTab";
import { PublishTab } from "@/pages/events/PublishTab";
import type { EventTab } from "@/pages/events/search";
import { TailTab } from "@/pages/events/TailTab";
import { Page, PageTabs } from "@/parts/Page";

/** What happened: a topic as it comes, an event of one's own, those that could start nothing, and why an event did what it did. */
export default function EventsPage() {
  const { tab = "tail", topic } = useSearch({ from: "/events" });
  const navigate = useNavigate({ from: "/events" });
  const mayPublish = useMay("publish");
  const tabs: { value: EventTab; label: string }[] = [
    { value: "tail", label: "Tail" },
    ...(mayPublish ? [{ value: "publish" as const, label: "Publish" }] : []),
    { value: "dead", label: "Dead events" },
    { value: "explain", label: "Why didn’t my flow start?" },
  ];
  useCommands(
    useMemo(
      () =>
        [
          ["publish", "Publish an event"],
          ["dead", "Dead events"],
          ["explain", "Why didn’t my flow start?"],
        ].map(([value = "", label = ""]) => ({
          id: `events:${value}`,
          label,
          note: "Events",
          run: () => void navigate({ search: { tab: value as EventTab } }),
        })),
      [navigate],
    ),
  );
  return (
    <Page
      title="Events"
      below={
        <PageTabs
          value={tab}
          onChange={(next) => void navigate({ search: { tab: next === "tail" ? undefined : next, topic } })}
          tabs={tabs}
        />
      }
      wide={tab === "tail" || tab === "dead"}
    >
      {tab === "tail" && <TailTab />}
      {tab === "publish" && <PublishTab />}
      {tab === "dead" && <DeadTab />}
      {tab === "explain" && <ExplainTab />}
    </Page>
  );
}
