import { RunsTable } from "@/parts/RunsTable";

/** The executions of a namespace and of those below it, live. */
export default function ExecutionsTab({ namespace }: { namespace: string }) {
  return <RunsTable filter={{ namespace }} />;
}
