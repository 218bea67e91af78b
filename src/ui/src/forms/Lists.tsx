import { ActionIcon, Button, Menu, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconCopy, IconDots, IconPlus, IconTrash } from "@tabler/icons-react";
import type { Doing } from "@/forms/NoCode";
import css from "@/forms/NoCode.module.css";
import type { Item, Kind, List } from "@/forms/outline";

const TITLES: Record<string, string> = {
  inputs: "Inputs",
  tasks: "Tasks",
  errors: "When something fails",
  finally: "At the end, however it went",
  afterExecution: "After the execution",
  triggers: "Triggers",
};
const ALWAYS: [string, Kind][] = [
  ["inputs", "input"],
  ["tasks", "task"],
  ["triggers", "trigger"],
];

/** All inputs, tasks and triggers of a flow, to be opened, added, moved, copied and removed. */
export function Lists({ lists, doing }: { lists: readonly List[]; doing: Doing }) {
  const names = [...new Set([...ALWAYS.map(([name]) => name), ...lists.map((list) => list.name)])];
  const order = ["inputs", "tasks", "errors", "finally", "afterExecution", "triggers"];
  return (
    <div className={css.lists}>
      {names
        .sort((one, other) => order.indexOf(one) - order.indexOf(other))
        .map((name) => {
          const kind = ALWAYS.find(([each]) => each === name)?.[1] ?? "task";
          const list = lists.find((each) => each.name === name) ?? { name, path: [name], kind, items: [] };
          return (
            <section key={name} className={css.section}>
              <h2 className={css.title}>{TITLES[name] ?? name}</h2>
              <Rows list={list} doing={doing} />
            </section>
          );
        })}
    </div>
  );
}

/** The items of one list, with those inside of them, and a button that adds one. */
export function Rows({ list, doing, deep = true }: { list: List; doing: Doing; deep?: boolean }) {
  return (
    <>
      {list.items.length > 0 && (
        <ul className={css.rows}>
          {list.items.map((item, index) => (
            <li key={JSON.stringify(item.path)}>
              <Row item={item} first={index === 0} last={index === list.items.length - 1} doing={doing} />
              {deep &&
                item.lists.map((inner) => (
                  <div key={inner.name} className={css.inner}>
                    <span className={css.name}>{inner.name}</span>
                    <Rows list={inner} doing={doing} />
                  </div>
                ))}
            </li>
          ))}
        </ul>
      )}
      {!doing.readOnly && (
        <Button
          variant="subtle"
          color="gray"
          className={css.add}
          leftSection={<IconPlus className={css.icon} aria-hidden />}
          onClick={() => doing.add(list, list.items.length)}
        >
          Add {list.kind === "input" ? "an input" : `a ${list.kind}`}
        </Button>
      )}
    </>
  );
}

function Row({ item, first, last, doing }: { item: Item; first: boolean; last: boolean; doing: Doing }) {
  return (
    <div className={css.row}>
      <UnstyledButton className={css.open} onClick={() => doing.open(item)}>
        <span className={css.id}>{item.id || "without id"}</span>
        <Tooltip label={item.type}>
          <span className={css.type}>{shortType(item.type)}</span>
        </Tooltip>
      </UnstyledButton>
      {!doing.readOnly && <ItemMenu item={item} first={first} last={last} doing={doing} />}
    </div>
  );
}

/** What can be done with a task, trigger or input. */
export function ItemMenu({ item, first, last, doing }: { item: Item; first: boolean; last: boolean; doing: Doing }) {
  const icon = css.icon;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="sm" aria-label={`What can be done with ${item.id}`}>
          <IconDots className={icon} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={first} leftSection={<IconArrowUp className={icon} aria-hidden />} onClick={() => doing.move(item, -1)}>
          Move up
        </Menu.Item>
        <Menu.Item disabled={last} leftSection={<IconArrowDown className={icon} aria-hidden />} onClick={() => doing.move(item, 1)}>
          Move down
        </Menu.Item>
        <Menu.Item leftSection={<IconCopy className={icon} aria-hidden />} onClick={() => doing.copy(item)}>
          Duplicate
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconTrash className={icon} aria-hidden />} onClick={() => doing.remove(item)}>
          Remove
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** `io.kestra.plugin.core.log.Log` as `log.Log`. */
export const shortType = (type: string): string => type.split(".").slice(-2).join(".");
