import { ActionIcon, Popover, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import css from "@/parts/filter/Chip.module.css";

interface ChipProps {
  /** What is filtered by: `State`. */
  word: string;
  /** What it is filtered to; undefined: it is not. */
  says?: string;
  onRemove: () => void;
  /** What is chosen from. close: it was chosen. */
  children: (close: () => void) => ReactNode;
}

/** One filter of a bar: a button that says what is asked and opens the choice. */
export function Chip({ word, says, onRemove, children }: ChipProps) {
  const [opened, { close, toggle }] = useDisclosure();
  return (
    <span className={css.chip} data-set={says !== undefined || undefined}>
      <Popover opened={opened} onChange={(open) => !open && close()} position="bottom-start" shadow="md" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className={css.target} onClick={toggle} title={says}>
            {says === undefined ? (
              word
            ) : (
              <>
                <span className={css.word}>{word}</span> <span className={css.says}>{says}</span>
              </>
            )}
            {says === undefined && <IconChevronDown className={css.icon} aria-hidden />}
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown className={css.dropdown}>{opened && children(close)}</Popover.Dropdown>
      </Popover>
      {says !== undefined && <Remove word={word} onRemove={onRemove} />}
    </span>
  );
}

/** A filter that was set by a link and can only be taken away. */
export function GivenChip({ word, value, onRemove }: { word: string; value: string; onRemove: () => void }) {
  return (
    <span className={css.chip} data-set>
      <span className={css.target} title={value}>
        <span className={css.word}>{word}</span> <span className={css.says}>{value}</span>
      </span>
      <Remove word={word} onRemove={onRemove} />
    </span>
  );
}

function Remove({ word, onRemove }: { word: string; onRemove: () => void }) {
  return (
    <ActionIcon aria-label={`Do not filter by ${word.toLowerCase()}`} onClick={onRemove} size="sm">
      <IconX className={css.icon} />
    </ActionIcon>
  );
}
