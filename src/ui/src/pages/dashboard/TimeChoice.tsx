/** The time and the namespace that a dashboard shows; both are in the address. */
import { Popover, SegmentedControl, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import css from "@/pages/dashboard/dashboard.module.css";
import { TIMES, USUAL_TIME } from "@/pages/dashboard/numbers";
import type { DashboardSearch } from "@/pages/dashboard/search";
import { Chip } from "@/parts/filter/Chip";
import { NamespacePicker } from "@/parts/filter/pickers";
import { TimePicker } from "@/parts/filter/TimePicker";
import { timeText } from "@/parts/filter/values";

const OWN = "own";

interface TimeChoiceProps {
  value: DashboardSearch;
  onChange: (value: DashboardSearch) => void;
  /** What is shown where the address says no time. */
  initial?: string;
}

/** Usual times to press, and one of one's own. */
export function TimeChoice({ value, onChange, initial = USUAL_TIME }: TimeChoiceProps) {
  const [opened, { open, close }] = useDisclosure();
  const none = { timeRange: undefined, startDate: undefined, endDate: undefined };
  const usual = TIMES.find((each) => each.value === (value.timeRange ?? initial))?.value;
  const own = Boolean(value.startDate ?? value.endDate) || usual === undefined;
  return (
    <>
      <Chip word="Namespace" says={value.namespace} onRemove={() => onChange({ ...value, namespace: undefined })}>
        {(done) => (
          <NamespacePicker
            value={value.namespace}
            onChange={(namespace) => {
              onChange({ ...value, namespace });
              done();
            }}
          />
        )}
      </Chip>
      <SegmentedControl
        aria-label="Time"
        value={own ? OWN : usual}
        onChange={(time) => onChange({ ...value, ...none, timeRange: time === initial ? undefined : time })}
        data={[...TIMES]}
      />
      <Popover opened={opened} onChange={(next) => !next && close()} position="bottom-end" shadow="md" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className={css.own} onClick={open} data-set={own || undefined}>
            {own ? timeText({ ...value, timeRange: value.startDate || value.endDate ? undefined : (value.timeRange ?? initial) }) : "Other"}
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown>
          {opened && (
            <TimePicker
              value={value}
              ranges={[
                { value: "PT15M", label: "Last 15 minutes" },
                { value: "today", label: "Today" },
                { value: "P90D", label: "Last 90 days" },
              ]}
              onChange={(time) => {
                onChange({ ...value, ...none, ...time });
                close();
              }}
            />
          )}
        </Popover.Dropdown>
      </Popover>
    </>
  );
}
