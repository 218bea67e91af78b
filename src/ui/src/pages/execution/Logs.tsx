import { ActionIcon, Button, Select, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconDownload, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useState } from "react";
import { BASE } from "@/api/client";
import css from "@/pages/execution/Logs.module.css";
import { MOST_LINES, useLogs } from "@/pages/execution/useLogs";
import { LogView } from "@/parts/LogView";
import { atLeast, found, LEVELS, type Level } from "@/parts/logs";
import { Failed, Loading } from "@/parts/Shown";
import { SIZE } from "@/theme";

interface LogsProps {
  execution: string;
  /** Only of this task run. */
  run?: string;
  ended: boolean;
  /** The task before a line was pressed. */
  onRun?: (run: string) => void;
}

/** Lines with level, search, following and download. What is looked for and the level are in the address. */
export function Logs({ execution, run, ended, onRun }: LogsProps) {
  const { q = "", level } = useSearch({ from: "/executions/$id" });
  const navigate = useNavigate({ from: "/executions/$id" });
  const { lines, loading, problem, cut, again } = useLogs(execution, run, ended);
  const [following, setFollowing] = useState(!ended);
  const [text, setText] = useState(q);
  const remember = useDebouncedCallback((next: string) => {
    void navigate({ search: (before) => ({ ...before, q: next || undefined }), replace: true });
  }, 250);
  useEffect(() => setText(q), [q]);

  const query = useDeferredValue(text);
  const shown = useMemo(() => atLeast(lines, level), [lines, level]);
  const hits = useMemo(() => found(shown, query), [shown, query]);
  const [hit, setHit] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search begins at its first hit
  useEffect(() => setHit(0), [query, level]);
  const at = query ? (hits[Math.min(hit, hits.length - 1)] ?? null) : null;

  const go = (step: number) => {
    if (hits.length === 0) return;
    setFollowing(false);
    setHit((hit + step + hits.length) % hits.length);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  };
  const download = new URLSearchParams({ ...(run ? { taskRunId: run } : {}), ...(level ? { minLevel: level } : {}) });

  return (
    <div className={css.logs}>
      <div className={css.tools}>
        <TextInput
          className={css.search}
          aria-label="Search in the log"
          placeholder="Search"
          leftSection={<IconSearch size={SIZE.icon} aria-hidden />}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            remember(event.target.value);
          }}
          onKeyDown={press}
        />
        {query && (
          <span className={css.hits} role="status">
            {hits.length === 0 ? "none" : `${(Math.min(hit, hits.length - 1) + 1).toLocaleString()} of ${hits.length.toLocaleString()}`}
            <ActionIcon aria-label="Hit before (Shift-Enter)" onClick={() => go(-1)} disabled={hits.length === 0}>
              <IconArrowUp size={SIZE.icon} />
            </ActionIcon>
            <ActionIcon aria-label="Next hit (Enter)" onClick={() => go(1)} disabled={hits.length === 0}>
              <IconArrowDown size={SIZE.icon} />
            </ActionIcon>
          </span>
        )}
        <Select
          className={css.level}
          aria-label="Level"
          placeholder="All levels"
          clearable
          data={LEVELS.map((each) => ({ value: each, label: each === "ERROR" ? "Errors" : `${each} and worse` }))}
          value={level ?? null}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, level: (next as Level | null) ?? undefined }), replace: true })
          }
        />
        <span className={css.count}>
          {shown.length.toLocaleString()} line{shown.length === 1 ? "" : "s"}
          {loading && lines.length > 0 ? " …" : ""}
        </span>
        <Tooltip label="Download as text">
          <ActionIcon
            component="a"
            href={`${BASE}/logs/${execution}/download?${download}`}
            download={`${execution}.log`}
            aria-label="Download the log as text"
          >
            <IconDownload size={SIZE.icon} />
          </ActionIcon>
        </Tooltip>
      </div>
      {cut && <p className={css.cut}>The first {MOST_LINES.toLocaleString()} lines are shown; the download has all of them.</p>}
      {problem ? (
        <Failed error={problem} again={again} />
      ) : loading && lines.length === 0 ? (
        <Loading rows={6} label="Loading the log" />
      ) : (
        <LogView
          label={run ? "Log of the task run" : "Log of the execution"}
          lines={shown}
          following={following}
          onFollowing={ended ? undefined : setFollowing}
          query={query}
          at={at}
          tasks={!run}
          onRun={onRun}
          empty={<Nothing filtered={lines.length > 0} ended={ended} of={run ? "This task run" : "This execution"} level={level} />}
        />
      )}
    </div>
  );
}

function Nothing({ filtered, ended, of, level }: { filtered: boolean; ended: boolean; of: string; level: Level | undefined }) {
  const navigate = useNavigate({ from: "/executions/$id" });
  if (filtered) {
    return (
      <div className={css.nothing}>
        <p>No line is of level {level} or worse.</p>
        <Button variant="default" onClick={() => void navigate({ search: (before) => ({ ...before, level: undefined }), replace: true })}>
          Show all levels
        </Button>
      </div>
    );
  }
  return (
    <div className={css.nothing}>
      <p>{ended ? `${of} has logged nothing.` : "Nothing is logged yet. Lines appear here as they are written."}</p>
    </div>
  );
}
