/** The states that every view has beside its data: empty, loading, error, forbidden. */
import { Button, Skeleton } from "@mantine/core";
import { IconAlertCircle, IconLock, IconMoodEmpty, IconPlugConnectedX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { Copyable } from "@/parts/Copy";
import css from "@/parts/Shown.module.css";

interface EmptyProps {
  title: string;
  /** What to do next, in a sentence. */
  children?: ReactNode;
  /** The command that does it. */
  command?: string;
  action?: ReactNode;
  icon?: ReactNode;
}

/** Nothing is there, and what to do next. */
export function Empty({ title, children, command, action, icon }: EmptyProps) {
  return (
    <div className={css.shown}>
      <span className={css.icon}>{icon ?? <IconMoodEmpty aria-hidden />}</span>
      <h2 className={css.title}>{title}</h2>
      {children && <p className={css.text}>{children}</p>}
      {command && <Copyable text={command} command />}
      {action}
    </div>
  );
}

/** What went wrong, and the cure; forbidden and unreachable say so. */
export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const problem = asProblem(error);
  const icon = problem.forbidden ? (
    <IconLock aria-hidden />
  ) : problem.unreachable ? (
    <IconPlugConnectedX aria-hidden />
  ) : (
    <IconAlertCircle aria-hidden />
  );
  const title = problem.forbidden ? "You may not see this" : problem.title;
  const cure = problem.forbidden ? "Ask an admin for a role in this namespace: `onbeat users set NAME --grant viewer:NAMESPACE`." : null;
  return (
    <div className={css.shown} role="alert">
      <span className={css.icon}>{icon}</span>
      <h2 className={css.title}>{title}</h2>
      <p className={css.text}>{problem.detail}</p>
      {cure && <p className={css.text}>{cure}</p>}
      {again && !problem.forbidden && (
        <Button variant="default" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Rows that are being fetched for the first time. Never over data that is shown. */
export function Loading({ rows = 8, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <div className={css.loading} role="status" aria-label={label} aria-busy="true">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows without data have nothing else
        <Skeleton key={index} height="var(--space-4)" width={`${92 - ((index * 17) % 40)}%`} />
      ))}
    </div>
  );
}
