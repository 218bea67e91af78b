/** Asks once before many executions are changed: how many of them take the change, what happens to them, what is left as it is. */
import { Button, Loader, Modal, Select, Switch, TagsInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { rawJson } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import type { StateName } from "@/api/types";
import {
  type BulkName,
  bulkCall,
  bulkCommands,
  type Call,
  type Choices,
  countText,
  NO_CHOICES,
  type Target,
  takers,
  titleOf,
  wordsOf,
} from "@/pages/executions/bulk";
import css from "@/pages/executions/executions.module.css";
import { CopyAs, curlOf } from "@/parts/Copy";
import { isLabel } from "@/parts/filter/values";
import { notify } from "@/parts/notify";
import { ended, STATES, stateWord } from "@/parts/states";
import { totalText } from "@/parts/total";

interface Done {
  count: number;
  refused?: { message: string; invalidValue: string }[];
}

interface BulkModalProps {
  name: BulkName;
  target: Target;
  /** Of those that were chosen: in which states they were seen last. */
  states: ReadonlyMap<string, StateName>;
  onClose: () => void;
  /** It was done. */
  onDone: () => void;
}

const send = ({ method, path, body }: Call): Promise<Done> =>
  rawJson<Done>(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });

/** The question, and the doing. */
export function BulkModal({ name, target, states, onClose, onDone }: BulkModalProps) {
  const words = wordsOf(name);
  const client = useQueryClient();
  const [choices, setChoices] = useState<Choices>(NO_CHOICES);
  const [left, setLeft] = useState<readonly string[]>([]);
  const taking = target.kind === "ids" ? takers(name, target.ids, states, choices).filter((id) => !left.includes(id)) : [];
  const of: Target = target.kind === "ids" ? { kind: "ids", ids: taking } : target;
  const without = target.kind === "ids" ? target.ids.length - taking.length : 0;
  const ready = (name !== "labels" || choices.labels.length > 0) && (of.kind === "query" || taking.length > 0);
  const call = bulkCall(name, of, choices, false);
  const dry = useQuery({
    queryKey: ["bulk", call, left],
    queryFn: () => send(bulkCall(name, of, choices, true)),
    enabled: ready,
    staleTime: 0,
    gcTime: 0,
    placeholderData: undefined,
    retry: false,
  });
  const act = useMutation({
    mutationFn: () => send(call),
    onSuccess: (done) => {
      const refused = done.refused?.length ?? 0;
      notify.done(`${countText(done.count)} ${words.done}.${refused ? ` ${refused} had changed meanwhile and were left.` : ""}`);
      void client.invalidateQueries({ queryKey: ["runs"] });
      onDone();
    },
    onError: notify.problem,
  });
  const problem = dry.error ? asProblem(dry.error) : null;
  const invalid = problem ? invalidOf(problem) : [];
  const count = dry.data?.count ?? 0;
  const path = call.path;
  const meant =
    of.kind === "ids"
      ? countText(of.ids.length)
      : dry.data
        ? countText(count)
        : `${totalText(of.total, of.filter)} execution${of.total === 1 ? "" : "s"}`;

  return (
    <Modal opened onClose={onClose} title={titleOf(words, meant)}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && dry.data && count > 0) act.mutate();
        }}
      >
        <p className={css.what}>{words.what}</p>
        <ChoicesOf name={name} choices={choices} onChange={setChoices} />
        <div className={css.found} role="status">
          {ready && dry.isFetching && !dry.data && <Loader size="xs" />}
          {problem && invalid.length === 0 && <p className={css.wrong}>{problem.detail}</p>}
          {invalid.length > 0 && (
            <>
              <p className={css.wrong}>
                {countText(invalid.length)} cannot be {words.done}: {reasons(invalid)}.
              </p>
              {of.kind === "ids" && invalid.length < of.ids.length && (
                <Button variant="default" onClick={() => setLeft([...left, ...invalid.map((each) => each.id)])}>
                  Leave {invalid.length === 1 ? "it" : "them"} out
                </Button>
              )}
            </>
          )}
          {without > 0 && (
            <p className={css.what}>
              {taking.length === 0
                ? `None of them can be ${words.done}.`
                : `${countText(without)} of the selected cannot be ${words.done}, and will be left as they are.`}
            </p>
          )}
          {dry.data && of.kind === "query" && (
            <p className={css.what}>
              {count === 0
                ? `None of those that match can be ${words.done}.`
                : `${countText(count)} of those that match can be ${words.done}.`}
            </p>
          )}
        </div>
        <div className={css.buttons}>
          <CopyAs curl={curlOf(call.method, path, call.body)} cli={bulkCommands(name, of, choices)} />
          <span className={css.space} />
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            color={words.danger ? "red" : undefined}
            loading={act.isPending}
            disabled={!ready || !dry.data || count === 0}
          >
            {words.verb}
            {dry.data && count > 0 && !words.join ? ` ${count.toLocaleString()}` : ""}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function ChoicesOf({ name, choices, onChange }: { name: BulkName; choices: Choices; onChange: (choices: Choices) => void }) {
  const set = (change: Partial<Choices>) => onChange({ ...choices, ...change });
  switch (name) {
    case "labels":
      return (
        <TagsInput
          data-autofocus
          label="Labels"
          description="Write key:value, then Enter."
          placeholder="team:blue"
          value={[...choices.labels]}
          onChange={(labels) => set({ labels: labels.filter(isLabel) })}
        />
      );
    case "change-status":
      return (
        <Select
          label="They ended as"
          allowDeselect={false}
          data={STATES.filter((state) => ended(state) && state !== "RETRIED").map((state) => ({ value: state, label: stateWord(state) }))}
          value={choices.state}
          onChange={(state) => state && set({ state: state as StateName })}
        />
      );
    case "replay":
      return (
        <Switch
          label="With the flow as it is now, not as it was then"
          checked={choices.latestRevision}
          onChange={(event) => set({ latestRevision: event.target.checked })}
        />
      );
    case "delete":
      return (
        <Switch
          label="Those that have not ended, too: they are killed first"
          checked={choices.running}
          onChange={(event) => set({ running: event.target.checked })}
        />
      );
    default:
      return null;
  }
}

interface Invalid {
  id: string;
  message: string;
}

/** Which executions a refusal names, and why. */
function invalidOf(problem: Problem): Invalid[] {
  const given = problem.more.invalids;
  if (!Array.isArray(given)) return [];
  return given.map((each: { message?: unknown; invalidValue?: unknown }) => ({
    id: String(each.invalidValue ?? ""),
    message: String(each.message ?? ""),
  }));
}

const reasons = (invalid: readonly Invalid[]): string => [...new Set(invalid.map((each) => each.message))].slice(0, 3).join("; ");
