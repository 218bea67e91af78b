/** What can be done to the executions that are selected, at the foot of the list. */
import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconChevronUp, IconX } from "@tabler/icons-react";
import type { StateName } from "@/api/types";
import { BULK, type BulkName, firstOf, type Target } from "@/pages/executions/bulk";
import css from "@/pages/executions/executions.module.css";

interface BulkBarProps {
  target: Target;
  /** In which states they are: what fits is offered first. */
  states: readonly StateName[];
  /** How many the filter means, as text. */
  all: string;
  /** All rows that are loaded are selected, and there are more. */
  offerAll: boolean;
  onAll: () => void;
  onDo: (name: BulkName) => void;
  onClear: () => void;
}

/** The bar; it lies over the rows, so that none moves. */
export function BulkBar({ target, states, all, offerAll, onAll, onDo, onClear }: BulkBarProps) {
  const first = firstOf(states);
  return (
    <section className={css.bulk} aria-label="What is done to the selected">
      <span className={css.count} role="status">
        {target.kind === "query" ? `All ${all} executions that match` : `${target.ids.length.toLocaleString("en")} selected`}
      </span>
      {offerAll && (
        <Button variant="subtle" onClick={onAll}>
          Select all {all} that match
        </Button>
      )}
      {first.map((each) => (
        <Button key={each.name} variant="default" onClick={() => onDo(each.name)}>
          {each.verb}
        </Button>
      ))}
      <Menu position="top-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronUp className={css.icon} aria-hidden />}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {BULK.filter((each) => !first.includes(each)).map((each) => (
            <Menu.Item key={each.name} color={each.danger ? "red" : undefined} onClick={() => onDo(each.name)}>
              {each.verb} …
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Tooltip label="Select none (Esc)">
        <ActionIcon aria-label="Select none" onClick={onClear}>
          <IconX className={css.icon} />
        </ActionIcon>
      </Tooltip>
    </section>
  );
}
