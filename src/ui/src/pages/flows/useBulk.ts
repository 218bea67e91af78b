/** What is done with several flows at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { raw, rawJson } from "@/api/client";
import { asProblem, Problem } from "@/api/problem";
import { type FlowName, notSaved } from "@/pages/flows/lines";
import { FLOWS_KEY } from "@/pages/flows/useFlows";
import { notify } from "@/parts/notify";

const JSON_BODY = { "Content-Type": "application/json" };

export type BulkChange = "enable" | "disable" | "delete";
const SAID: Record<BulkChange, string> = { enable: "switched on", disable: "switched off", delete: "deleted" };

const counted = (count: number) => `${count} flow${count === 1 ? "" : "s"}`;

/** Switch flows on or off, or delete them; says what became of it. */
export function useBulkChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ change, flows }: { change: BulkChange; flows: readonly FlowName[] }) =>
      rawJson<{ count: number }>(`/flows/${change}/by-ids`, {
        method: change === "delete" ? "DELETE" : "POST",
        headers: JSON_BODY,
        body: JSON.stringify(flows),
      }),
    onSuccess: ({ count }, { change }) => notify.done(`${counted(count)} ${SAID[change]}.`),
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: FLOWS_KEY }),
  });
}

/** Give the browser a ZIP archive with the texts of these flows. */
export function useExport() {
  return useMutation({
    mutationFn: async (flows: readonly FlowName[]) => {
      const answer = await raw("/flows/export/by-ids", { method: "POST", headers: JSON_BODY, body: JSON.stringify(flows) });
      saveAs(await answer.blob(), "flows.zip");
    },
    onError: notify.problem,
  });
}

/** Save the flows of a ZIP archive or a YAML file; names those that were not saved, and what is wrong with the first one. */
export function useImport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (file: File) => {
      const left = await sendFile(file, false);
      // Sent again so that it is refused: the refusal says why.
      const why =
        left.length === 0
          ? ""
          : await sendFile(file, true).then(
              () => "",
              (thrown: unknown) => asProblem(thrown).detail,
            );
      return { left, why };
    },
    onSuccess: ({ left, why }, file) => {
      if (left.length === 0) notify.done(`The flows of ${file.name} are saved.`);
      else notify.problem(new Problem(422, notSaved(left, file.name), why));
    },
    onError: notify.problem,
    onSettled: () => client.invalidateQueries({ queryKey: FLOWS_KEY }),
  });
}

function sendFile(file: File, failOnError: boolean): Promise<string[]> {
  const body = new FormData();
  body.append("fileUpload", file);
  return rawJson<string[]>("/flows/import", { method: "POST", body, query: { failOnError } });
}

/** Let the browser keep some bytes as a file. */
export function saveAs(bytes: Blob, name: string): void {
  const address = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
