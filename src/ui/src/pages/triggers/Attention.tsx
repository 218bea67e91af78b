import { Link } from "@tanstack/react-router";
import type { Trigger } from "@/api/types";
import { lookOf, troubleOf } from "@/pages/triggers/status";
import css from "@/pages/triggers/Triggers.module.css";
import { sentence } from "@/parts/explained";
import { Said } from "@/parts/Said";
import { Sign } from "@/parts/Sign";

const MOST = 4;

/** Those that are not well, each with what is wrong in full. */
export function Attention({ triggers }: { triggers: readonly Trigger[] }) {
  if (triggers.length === 0) return null;
  return (
    <section className={css.attention} aria-label="What needs attention">
      {triggers.slice(0, MOST).map((each) => {
        const { family, icon, word } = lookOf(each);
        return (
          <div key={each.name} className={css.trouble}>
            <Sign family={family} icon={icon} word={word} />
            <Link to="/triggers/$name" params={{ name: each.name }} className={css.name}>
              {each.name}
            </Link>
            <span className={css.why}>
              <Said text={sentence(troubleOf(each) ?? "")} />
            </span>
          </div>
        );
      })}
      {triggers.length > MOST && (
        <Link
          to="/triggers"
          search={{ status: ["failing", "paused"] }}
        >{`and ${triggers.length - MOST} more that are failing or paused`}</Link>
      )}
    </section>
  );
}
