import { Button } from "@mantine/core";
import type { Run } from "@/gantt/runs";
import css from "@/pages/execution/RunPanel.module.css";
import { StateBadge } from "@/parts/StateBadge";
import { clockText, durationText, exactText } from "@/parts/time";

/** Each try of a task run, and each state that it has been in. */
export function Attempts({ run, onChangeState }: { run: Run; onChangeState?: () => void }) {
  const first = run.history[0]?.at ?? run.start;
  return (
    <div className={css.values}>
      {run.attempts.length > 0 && (
        <table className={css.table}>
          <thead>
            <tr>
              <th>Attempt</th>
              <th>State</th>
              <th>Began</th>
              <th data-right>Took</th>
            </tr>
          </thead>
          <tbody>
            {run.attempts.map((each, place) => (
              <tr key={each.start}>
                <td>{place + 1}</td>
                <td>
                  <StateBadge state={each.state} />
                </td>
                <td title={exactText(each.start)}>{clockText(each.start)}</td>
                <td data-right>{each.end === null ? "–" : durationText(each.end - each.start)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <table className={css.table}>
        <thead>
          <tr>
            <th>State</th>
            <th>Entered</th>
            <th data-right>After</th>
          </tr>
        </thead>
        <tbody>
          {run.history.map((moment, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a history only grows at its end
            <tr key={place}>
              <td>
                <StateBadge state={moment.state} />
              </td>
              <td title={exactText(moment.at)}>{clockText(moment.at)}</td>
              <td data-right>{durationText(moment.at - first)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {onChangeState && (
        <Button variant="default" onClick={onChangeState}>
          Change its state
        </Button>
      )}
    </div>
  );
}
