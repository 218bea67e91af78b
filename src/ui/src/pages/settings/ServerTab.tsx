import { Anchor } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { BASE, rawJson } from "@/api/client";
import { QuotaTable } from "@/pages/settings/QuotaTable";
import type { Quota } from "@/pages/settings/quotas";
import css from "@/pages/settings/Settings.module.css";
import { Section } from "@/parts/Page";
import { Failed, Loading } from "@/parts/Shown";

interface Status {
  version: string;
  ready: boolean;
  trouble: string[];
  figures: { quotas?: Quota[] } & Record<string, number | Quota[] | undefined>;
  flows: number;
  sinks: { name: string; position: number; trouble: string | null }[];
  journal: number;
}

const FIGURES: Record<string, [title: string, says: string]> = {
  executions: ["Executions at work", "In memory now: they run, or something is about to happen to them."],
  tasks: ["Tasks running", "Task runs that have a place of the runner."],
  waiting: ["Tasks waiting", "Task runs that wait for a place of the runner."],
  timers: ["Timers", "Pauses, retries and timeouts that are armed."],
};

/** How the server is, new every five seconds. */
export function ServerTab() {
  const found = useQuery({ queryKey: ["status"], queryFn: () => rawJson<Status>("/status"), refetchInterval: 5_000 });
  if (found.isError && !found.data) return <Failed error={found.error} again={() => void found.refetch()} />;
  const status = found.data;
  if (!status) return <Loading />;
  const well = status.ready && status.trouble.length === 0;
  const quotas = status.figures.quotas ?? [];
  return (
    <div className={css.page}>
      <p className={css.state} data-well={well || undefined}>
        {well ? <IconCircleCheck className={css.icon} aria-hidden /> : <IconAlertTriangle className={css.icon} aria-hidden />}
        {!status.ready
          ? "It takes no starts now: it is starting or stopping."
          : well
            ? "All is well."
            : "It works, and something is wrong:"}
      </p>
      {status.trouble.length > 0 && (
        <ul className={css.troubles}>
          {status.trouble.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      )}
      <dl className={css.figures}>
        {Object.entries(FIGURES).map(([name, [title, says]]) => (
          <div key={name} title={says}>
            <dt>{title}</dt>
            <dd>{Number(status.figures[name] ?? 0).toLocaleString("en")}</dd>
          </div>
        ))}
        <div>
          <dt>Flows served</dt>
          <dd>{status.flows.toLocaleString("en")}</dd>
        </div>
        <div title="Every change is a row of the journal; sinks read it in order.">
          <dt>Journal</dt>
          <dd>{status.journal.toLocaleString("en")}</dd>
        </div>
      </dl>
      {quotas.length > 0 && (
        <Section title="Quotas">
          <QuotaTable quotas={quotas} />
        </Section>
      )}
      <Section title="Sinks">
        {status.sinks.length === 0 ? (
          <p className={css.dim}>
            State events go to the topic of the server's own bus. Other sinks, Kafka or MQTT, are set up in <code>onbeat.yaml</code>.
          </p>
        ) : (
          <div className={css.scroll}>
            <table className={css.table}>
              <thead>
                <tr>
                  <th>Sink</th>
                  <th data-right>Position</th>
                  <th data-right>Behind</th>
                  <th>Trouble</th>
                </tr>
              </thead>
              <tbody>
                {status.sinks.map((sink) => (
                  <tr key={sink.name}>
                    <td>{sink.name.replace(/^journal:/, "")}</td>
                    <td data-right>{sink.position.toLocaleString("en")}</td>
                    <td data-right>{Math.max(0, status.journal - sink.position).toLocaleString("en")}</td>
                    <td className={sink.trouble ? css.wrong : css.dim}>{sink.trouble ?? "none"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Section>
      <Section title="For programs">
        <ul className={css.links}>
          <li>
            <Anchor href="/metrics" target="_blank" rel="noopener">
              /metrics
            </Anchor>
            <span className={css.dim}>all meters, as Prometheus reads them</span>
          </li>
          <li>
            <Anchor href="/health" target="_blank" rel="noopener">
              /health
            </Anchor>
            <span className={css.dim}>200 only when a start would be taken</span>
          </li>
          <li>
            <Anchor href={`${BASE}/openapi.json`} target="_blank" rel="noopener">
              {BASE}/openapi.json
            </Anchor>
            <span className={css.dim}>the API that this page uses</span>
          </li>
        </ul>
      </Section>
      <p className={css.dim}>
        onbeat {status.version}. <code>onbeat doctor</code> shows every setting, where it comes from, and this machine.
      </p>
    </div>
  );
}
