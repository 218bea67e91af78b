import css from "@/forms/Needed.module.css";

/** The mark of a field that must be filled in, right behind its name. */
export function Needed() {
  return (
    <span className={css.needed} title="Needed" aria-hidden>
      {" "}
      *
    </span>
  );
}
