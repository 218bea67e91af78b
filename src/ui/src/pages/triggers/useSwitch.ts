import { useMutation, useQueryClient } from "@tanstack/react-query";
import { rawJson } from "@/api/client";
import { TRIGGERS_KEY } from "@/pages/triggers/useTriggers";
import { notify } from "@/parts/notify";

interface Wanted {
  names: readonly string[];
  disabled: boolean;
}

const BODY = { "Content-Type": "application/json" };

/** Switch triggers off or on, and say what became of it. */
export function useSwitch() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ names, disabled }: Wanted) =>
      rawJson<{ count: number }>("/triggers/set-disabled/by-triggers", {
        method: "POST",
        headers: BODY,
        body: JSON.stringify({ triggers: names.map((name) => ({ name })), disabled }),
      }),
    onSuccess: ({ count }, { names, disabled }) => notify.done(switched(count, names, disabled)),
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: TRIGGERS_KEY }),
  });
}

/** What was done, and what was not: a trigger whose file says `disabled: true` stays off. */
export function switched(count: number, names: readonly string[], disabled: boolean): string {
  const done =
    count === 1 && names.length === 1
      ? `${names[0]} is ${disabled ? "off" : "on"}.`
      : `${count} of ${names.length} are ${disabled ? "off" : "on"}.`;
  return count < names.length ? `${done} The others say \`disabled: true\` in their file: take it out there.` : done;
}
