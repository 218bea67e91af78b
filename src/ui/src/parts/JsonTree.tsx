/** JSON as a tree that opens where it is pressed. Only what is open is in the document, of many values the first hundred. */
import { IconCheck, IconChevronRight, IconCopy, IconRouteAltLeft } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { copyText } from "@/parts/clipboard";
import css from "@/parts/JsonTree.module.css";
import { addressOf, childrenOf, countText, glimpse, kindOf, sizeOf, textOf } from "@/parts/json";

const FIRST = 100;
const THEN = 500;
const LONG = 400;

interface JsonTreeProps {
  value: unknown;
  /** What the value is called: its own row is shown then. Without it, its values are the tree. */
  name?: string;
  /** The value's address in expressions: what `copy path` begins with. Its name unless told otherwise. */
  path?: string;
  /** How many levels are open at first: 1 unless told otherwise; small trees are open anyway. */
  open?: number;
  /** Show a value in a way of its own: a file as a link. null: as it is. */
  leaf?: (value: unknown, path: string) => ReactNode | null;
}

/** A value as a tree. Any value: also text, numbers, nothing. */
export function JsonTree({ value, name, path = name ?? "", open = 1, leaf }: JsonTreeProps) {
  const kind = kindOf(value);
  const whole = name !== undefined || (kind !== "object" && kind !== "list");
  return (
    <ul className={css.tree} aria-label={name ?? "Values"}>
      {whole ? (
        <Value label={name} value={value} path={path} open={open} leaf={leaf} />
      ) : (
        <Values value={value} path={path} open={open} leaf={leaf} />
      )}
    </ul>
  );
}

interface ValueProps {
  label: string | number | undefined;
  value: unknown;
  path: string;
  open: number;
  leaf: JsonTreeProps["leaf"];
}

function Value({ label, value, path, open, leaf }: ValueProps) {
  const size = sizeOf(value);
  const [opened, setOpened] = useState(open > 0 && (size <= FIRST || open > 1));
  const own = leaf?.(value, path) ?? null;
  const named = label !== undefined && (
    <span>
      <span className={css.key}>{label}</span>
      <span className={css.colon}>:</span>
    </span>
  );
  if (size === 0 || own !== null) {
    return (
      <li>
        <div className={css.row}>
          <div className={css.leaf}>
            {named} {own ?? <Leaf value={value} />}
          </div>
          <Acts value={value} path={path} />
        </div>
      </li>
    );
  }
  return (
    <li>
      <div className={css.row}>
        <button type="button" className={css.toggle} aria-expanded={opened} onClick={() => setOpened(!opened)}>
          <IconChevronRight className={css.arrow} aria-hidden />
          {named}
          {opened ? <span className={css.count}>{countText(value)}</span> : <span className={css.glimpse}>{glimpse(value)}</span>}
        </button>
        <Acts value={value} path={path} />
      </div>
      {opened && (
        <ul className={css.branch}>
          <Values value={value} path={path} open={open - 1} leaf={leaf} />
        </ul>
      )}
    </li>
  );
}

function Values({ value, path, open, leaf }: Omit<ValueProps, "label">) {
  const [shown, setShown] = useState(FIRST);
  const size = sizeOf(value);
  const rest = size - shown;
  if (size === 0) return <Value label={undefined} value={value} path={path} open={0} leaf={undefined} />;
  return (
    <>
      {childrenOf(value, 0, shown).map(([key, each]) => (
        <Value key={key} label={key} value={each} path={addressOf(path, key)} open={open - 1} leaf={leaf} />
      ))}
      {rest > 0 && (
        <li>
          <button type="button" className={css.more} onClick={() => setShown(shown + THEN)}>
            Show {Math.min(THEN, rest).toLocaleString()} more of {rest.toLocaleString()}
          </button>
        </li>
      )}
    </>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  const kind = kindOf(value);
  if (kind === "object") return <span className={css.count}>{"{}"}</span>;
  if (kind === "list") return <span className={css.count}>[]</span>;
  if (kind !== "text") return <span data-kind={kind}>{String(value ?? "null")}</span>;
  const text = String(value);
  const cut = text.length > LONG && !whole;
  return (
    <>
      <span data-kind="text">{text === "" ? '""' : cut ? text.slice(0, LONG) : text}</span>
      {cut && (
        <button type="button" className={css.more} onClick={() => setWhole(true)}>
          … all {text.length.toLocaleString()} characters
        </button>
      )}
    </>
  );
}

function Acts({ value, path }: { value: unknown; path: string }) {
  return (
    <span className={css.acts}>
      {path && <Act label={`Copy path ${path}`} text={() => path} icon={<IconRouteAltLeft className={css.icon} aria-hidden />} />}
      <Act label="Copy value" text={() => textOf(value)} icon={<IconCopy className={css.icon} aria-hidden />} />
    </span>
  );
}

function Act({ label, text, icon }: { label: string; text: () => string; icon: ReactNode }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(await copyText(text()));
    setTimeout(() => setCopied(false), 1200);
  };
  return (
    <button type="button" className={css.act} title={copied ? "Copied" : label} aria-label={label} onClick={() => void copy()}>
      {copied ? <IconCheck className={css.icon} aria-hidden /> : icon}
    </button>
  );
}
