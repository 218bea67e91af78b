import { Link } from "@tanstack/react-router";
import css from "@/pages/events/Events.module.css";
import { type Published, publishedText } from "@/pages/events/publishing";
import { Copyable } from "@/parts/Copy";
import { eventKey } from "@/parts/explained";
import { RunLines } from "@/parts/RunLines";
import { durationText } from "@/parts/time";
import { useLines, withCorrelation } from "@/parts/useLines";
import { WhyNot } from "@/parts/WhyNot";

/** An event that was published from this page. */
export interface Answered extends Published {
  topic: string;
  /** Until the server said that it is on disk, in ms. */
  took: number;
  /** Tells it from the others. */
  count: number;
}

/** What an event started, and what that started in turn, as it runs. */
export function PublishedCard({ answer }: { answer: Answered }) {
  const key = eventKey(answer.topic, answer.id);
  const started = answer.executions ?? [];
  return (
    <article className={css.card} aria-label={`Event ${answer.id}`}>
      <div className={css.top}>
        <Copyable text={key} />
        <span className={css.dim}>on disk in {durationText(answer.took)}</span>
      </div>
      <p className={css.says}>{publishedText(answer)}</p>
      {started.map((id) => (
        <Chain key={id} id={id} />
      ))}
      {started.length === 0 ? (
        <WhyNot event={key} />
      ) : (
        <Link to="/events" search={{ tab: "explain", event: key }} className={css.small}>
          What each trigger did with it
        </Link>
      )}
    </article>
  );
}

/** An execution, and all that came of it. */
function Chain({ id }: { id: string }) {
  const lines = useLines(withCorrelation(id));
  return <RunLines lines={lines} waiting="Starting …" />;
}
