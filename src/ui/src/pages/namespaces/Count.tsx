import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import css from "@/pages/namespaces/Namespaces.module.css";

const MOST = 10_000;

/** What is in a namespace and those below it. */
export function useCounts(namespace: string) {
  return useQuery({
    queryKey: ["namespace", namespace, "counts"],
    queryFn: () => api.post("/stats/summary", { body: { namespace, timeZone: "UTC" } }),
    staleTime: 15_000,
  });
}

interface CountProps {
  namespace: string;
  of: "flows" | "triggers" | "executions" | "running" | "failed";
}

/** One of the counts; nothing is dim, so that what is there is seen. */
export function Count({ namespace, of }: CountProps) {
  const found = useCounts(namespace).data;
  const count = found ? Number((found as Record<string, unknown>)[of] ?? 0) : null;
  if (count === null) return <span className={css.faint}>·</span>;
  return (
    <span className={count === 0 ? css.faint : of === "failed" ? css.failed : undefined}>
      {count >= MOST ? "10,000+" : count.toLocaleString("en")}
    </span>
  );
}
