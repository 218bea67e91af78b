import { Button } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { rawJson } from "@/api/client";
import type { LogLine } from "@/api/types";
import type { Run } from "@/gantt/runs";
import { ChildLink } from "@/pages/execution/ChildLinks";
import type { Child } from "@/pages/execution/child";
import css from "@/pages/execution/Failure.module.css";
import type { Known } from "@/pages/execution/known";
import { useFlow } from "@/pages/execution/useFlow";
import { linesAround, placeOfTask } from "@/pages/execution/yamlLine";
import { plain } from "@/parts/ansi";
import { CopyButton } from "@/parts/Copy";
import { durationText } from "@/parts/time";

const LINES = 20;

interface FailureProps {
  known: Known;
  run: Run | null;
  /** What the run started. */
  child: Child | null;
  onOpen: (run: string) => void;
}

/** What failed, first: the task, its error in full, its last lines, where it stands in the flow, and what to do. */
export function Failure({ known, run, child, onOpen }: FailureProps) {
  const { head, runs } = known;
  const task = run?.task ?? head.error?.taskId ?? null;
  const error = run?.error ?? head.error?.message ?? "It failed without a message.";
  const kept = useMemo(() => [...runs.values()].filter((each) => each.state === "SUCCESS" && each.attempts.length > 0).length, [runs]);
  return (
    <section className={css.failure} aria-label="What failed">
      <div className={css.what}>
        <h2 className={css.title}>
          {task ? (
            <>
              <code>{task}</code>
              {run?.value !== null && run?.value !== undefined && <code className={css.value}>{run.value}</code>} failed
            </>
          ) : (
            "The execution failed"
          )}
        </h2>
        <span className={css.facts}>{run && howItWent(run)}</span>
        {run && (
          <Button
            className={css.open}
            variant="subtle"
            rightSection={<IconArrowRight size={16} aria-hidden />}
            onClick={() => onOpen(run.id)}
          >
            Open the task run
          </Button>
        )}
      </div>
      <div className={css.error}>
        <pre>{plain(error)}</pre>
        <CopyButton text={error} label="Copy the error" />
      </div>
      {child && (
        <p className={css.child}>
          The reason is in what it started. <ChildLink child={child} />
        </p>
      )}
      <p className={css.cure}>
        When its cause is mended, Restart runs {task ? <code>{task}</code> : "what failed"} again and goes on from there
        {kept > 0 &&
          `; ${kept === 1 ? "the task run that succeeded stays" : `the ${kept.toLocaleString()} task runs that succeeded stay`} as ${kept === 1 ? "it is" : "they are"}`}
        . To run it with a mended flow, save that and choose Restart with the newest revision.
      </p>
      <div className={css.proof}>
        {run && <LastLines execution={head.id} run={run} />}
        {task && <SourceOf known={known} task={task} />}
      </div>
    </section>
  );
}

/** `on attempt 3, which took 4.0 ms`, `after 12.3 s`. */
function howItWent({ attempts, start, end }: Run): string {
  const last = attempts.at(-1);
  if (last && attempts.length > 1)
    return `on attempt ${attempts.length}, which took ${durationText((last.end ?? last.start) - last.start)}`;
  return `after ${durationText((end ?? start) - start)}`;
}

function LastLines({ execution, run }: { execution: string; run: Run }) {
  const { data } = useQuery({
    queryKey: ["last-lines", execution, run.id, run.end],
    queryFn: async () => {
      const found = await rawJson<{ results: LogLine[] }>("/logs/search", {
        query: { executionId: execution, taskId: run.task, sort: "timestamp:desc", size: 500 },
      });
      return found.results
        .filter((line) => line.taskRunId === run.id)
        .slice(0, LINES)
        .reverse();
    },
  });
  return (
    <figure className={css.figure}>
      <figcaption className={css.caption}>
        {data && data.length > 0 ? `Last ${data.length === 1 ? "line" : `${data.length} lines`} of ${run.task}` : `Log of ${run.task}`}
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys */}
      <pre className={css.code} tabIndex={0}>
        {data === undefined ? " " : data.length === 0 ? "It has logged nothing." : null}
        {data?.map((line) => (
          <span key={line.seq} className={css.line} data-level={line.level}>
            {plain(line.message ?? "")}
          </span>
        ))}
      </pre>
    </figure>
  );
}

function SourceOf({ known, task }: { known: Known; task: string }) {
  const { head } = known;
  const { data } = useFlow(head);
  const place = useMemo(() => (data ? placeOfTask(data.source, task) : null), [data, task]);
  if (!data || !place) return null;
  return (
    <figure className={css.figure}>
      <figcaption className={css.caption}>
        <span>
          {head.flowId}, revision {head.flowRevision}, line {place.line}
        </span>
        <Link to="/flows/$namespace/$flow" params={{ namespace: head.namespace, flow: head.flowId }} search={{ tab: "editor", task }}>
          Edit the flow
        </Link>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys */}
      <pre className={css.code} tabIndex={0}>
        {linesAround(data.source, place).map((line) => (
          <span key={line.number} className={css.line} data-own={line.own || undefined}>
            <span className={css.number}>{line.number}</span>
            <span>{line.text}</span>
          </span>
        ))}
      </pre>
    </figure>
  );
}
