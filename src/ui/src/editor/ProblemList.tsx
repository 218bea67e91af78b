import { UnstyledButton } from "@mantine/core";
import { IconAlertCircle, IconAlertTriangle } from "@tabler/icons-react";
import css from "@/editor/FlowEditor.module.css";
import type { Problem } from "@/editor/problems";

/** All that is wrong with the text; a click goes to its line. */
export function ProblemList({ problems, onGo }: { problems: readonly Problem[]; onGo: (problem: Problem) => void }) {
  if (problems.length === 0) return null;
  return (
    <ul className={css.problems} aria-label="Problems">
      {problems.map((problem) => (
        <li key={`${problem.line}:${problem.column}:${problem.message}`}>
          <UnstyledButton className={css.problem} onClick={() => onGo(problem)}>
            {problem.severity === "error" ? (
              <IconAlertCircle className={css.mark} role="img" aria-label="Error" />
            ) : (
              <IconAlertTriangle className={css.mark} data-severity="warning" role="img" aria-label="Warning" />
            )}
            <span className={css.place}>
              {problem.line}:{problem.column ?? 1}
            </span>
            <span className={css.message}>{problem.message}</span>
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}
