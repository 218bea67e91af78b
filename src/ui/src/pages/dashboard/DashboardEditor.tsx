/** Write a dashboard's YAML: it is checked while one types, and kept when nothing is wrong. */
import { Button } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { rawJson } from "@/api/client";
import { problemsOf } from "@/editor/problems";
import { YamlEditor } from "@/editor/YamlEditor";
import type { DashboardShape } from "@/pages/dashboard/charts";
import css from "@/pages/dashboard/custom.module.css";
import { notify } from "@/parts/notify";
import { Page } from "@/parts/Page";

interface DashboardEditorProps {
  /** What it begins with. */
  source: string;
  /** Which one is changed; null: a new one is made. */
  id: string | null;
  onSaved: (dashboard: DashboardShape) => void;
  onCancel: () => void;
}

/** The page of the text. */
export function DashboardEditor({ source, id, onSaved, onCancel }: DashboardEditorProps) {
  const client = useQueryClient();
  const [text, setText] = useState(source);
  const [saved, setSaved] = useState(false);
  const [asked] = useDebouncedValue(text, 250);
  const check = useQuery({
    queryKey: ["dashboards", "check", asked],
    gcTime: 0,
    queryFn: () => rawJson<{ constraints: string | null }>("/dashboards/validate", yaml("POST", asked)),
  });
  const problems = useMemo(() => problemsOf(check.data?.constraints), [check.data]);
  const save = useMutation({
    mutationFn: () =>
      id === null
        ? rawJson<DashboardShape>("/dashboards", yaml("POST", text))
        : rawJson<DashboardShape>(`/dashboards/${encodeURIComponent(id)}`, yaml("PUT", text)),
    onMutate: () => setSaved(true),
    onSuccess: (dashboard) => {
      notify.done(`The dashboard “${dashboard.title}” is saved.`);
      void client.invalidateQueries({ queryKey: ["dashboards"] });
      onSaved(dashboard);
    },
    onError: (thrown) => {
      setSaved(false);
      notify.problem(thrown);
    },
  });
  useBlocker({
    shouldBlockFn: () => text !== source && !saved && !window.confirm("What you wrote is not saved. Leave all the same?"),
    enableBeforeUnload: () => text !== source && !saved,
  });
  const wrong = asked === text && problems.length > 0;
  const keep = () => {
    if (!wrong && !save.isPending) save.mutate();
  };
  return (
    <Page
      title={id === null ? "New dashboard" : `Edit ${id}`}
      wide
      actions={
        <>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button onClick={keep} loading={save.isPending} disabled={wrong}>
            Save the dashboard
          </Button>
        </>
      }
    >
      <div className={css.editor}>
        <YamlEditor value={text} onChange={setText} onSave={keep} problems={problems} flow={false} label="Text of the dashboard" />
      </div>
      {problems.length > 0 && (
        <ul className={css.problems} aria-label="What is wrong">
          {problems.map((each) => (
            <li key={`${each.line}:${each.column}:${each.message}`}>
              Line {each.line}: {each.message}
            </li>
          ))}
        </ul>
      )}
    </Page>
  );
}

const yaml = (method: "POST" | "PUT", body: string): RequestInit => ({ method, body, headers: { "Content-Type": "application/x-yaml" } });
