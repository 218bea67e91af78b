import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Trigger } from "@/api/types";
import css from "@/pages/dashboard/dashboard.module.css";
import { useStatus } from "@/pages/dashboard/data";
import { Said } from "@/parts/Said";

/** Whether all is well, in a line; what is wrong, each in a line. */
export function Health({ triggers }: { triggers: UseQueryResult<{ results: Trigger[] }> }) {
  const status = useStatus();
  const known = status.data;
  const failing = (triggers.data?.results ?? []).filter((each) => each.status === "failing");
  const wrong = [
    ...(known && !known.ready ? ["The server is starting or stopping: no start is taken now."] : []),
    ...(known?.trouble ?? []),
    ...(known?.sinks ?? []).flatMap((sink) => (sink.trouble ? [`Sink ${sink.name}: ${sink.trouble}`] : [])),
  ];
  // A trigger that fails is often in the server's trouble already, by the name of what it listens to.
  const more = failing.filter((each) => !wrong.some((text) => text.includes(each.name) || text.includes(each.pausedBecause ?? each.name)));
  const count = wrong.length + more.length;
  if (!known && !triggers.data) return <div className={css.health} />;
  if (count === 0)
    return (
      <p className={css.health} data-family="success" role="status">
        <IconCircleCheck className={css.icon} aria-hidden />
        <span className={css.said}>
          {known
            ? `All is well: ${counted(known.flows, "flow is", "flows are")} served, ${counted(known.figures.executions ?? 0, "execution is", "executions are")} at work.`
            : "No trigger has trouble."}
        </span>
      </p>
    );
  return (
    <section className={css.trouble} aria-label="What is wrong" role="status">
      {wrong.map((text) => (
        <p key={text} className={css.health} data-family="failed">
          <IconAlertTriangle className={css.icon} aria-hidden />
          <span className={css.said}>{text}</span>
        </p>
      ))}
      {more.map((each) => (
        <p key={each.name} className={css.health} data-family="failed">
          <IconAlertTriangle className={css.icon} aria-hidden />
          <span className={css.said}>
            <Link to="/triggers/$name" params={{ name: each.name }}>
              {each.name}
            </Link>{" "}
            <Said text={each.pausedBecause ?? "fails"} />
          </span>
        </p>
      ))}
    </section>
  );
}

const counted = (count: number, one: string, many: string) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
