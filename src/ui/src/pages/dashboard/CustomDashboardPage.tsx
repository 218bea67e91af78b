/** A dashboard that somebody wrote in YAML, and the writing of it. */
import { Button, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api } from "@/api/client";
import { useMay } from "@/app/useMe";
import { ChartCard, type Overrides } from "@/pages/dashboard/ChartCard";
import { chartsOf, type DashboardShape } from "@/pages/dashboard/charts";
import { copyOf } from "@/pages/dashboard/copy";
import css from "@/pages/dashboard/custom.module.css";
import { DashboardEditor } from "@/pages/dashboard/DashboardEditor";
import { Switcher } from "@/pages/dashboard/Switcher";
import type { DashboardSearch } from "@/pages/dashboard/search";
import { TimeChoice } from "@/pages/dashboard/TimeChoice";
import { useFresh } from "@/pages/dashboard/useFresh";
import { Confirm } from "@/parts/Confirm";
import { filterQuery } from "@/parts/filter/values";
import { notify } from "@/parts/notify";
import { Page } from "@/parts/Page";
import { Empty, Failed, Loading } from "@/parts/Shown";

/** It is always there, and is not changed. */
const FIXED = "default";
const KEY = "custom dashboard";
const FROM = "/dashboards/$dashboard";

export default function CustomDashboardPage() {
  const { dashboard: id } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: FROM });
  const found = useQuery({
    queryKey: ["dashboards", id],
    queryFn: () => api.get("/dashboards/{id}", { params: { path: { id } } }),
    placeholderData: undefined,
  });
  const shown = found.data;
  if (!shown)
    return (
      <Page title="Dashboard" beside={<Switcher current={id} />}>
        {found.error ? <Failed error={found.error} again={() => void found.refetch()} /> : <Loading rows={10} />}
      </Page>
    );
  const leave = () => void navigate({ search: { ...search, edit: undefined }, ignoreBlocker: false });
  if (search.edit)
    return (
      <DashboardEditor
        key={`${id}/${search.edit}`}
        source={search.edit === "copy" ? copyOf(shown.sourceCode) : shown.sourceCode}
        id={search.edit === "copy" ? null : id}
        onCancel={leave}
        onSaved={(saved) => void navigate({ to: FROM, params: { dashboard: saved.id }, search: {} })}
      />
    );
  return <Charts dashboard={shown} search={search} onChange={(next) => void navigate({ search: next })} />;
}

interface ChartsProps {
  dashboard: DashboardShape;
  search: DashboardSearch;
  onChange: (search: DashboardSearch) => void;
}

function Charts({ dashboard, search, onChange }: ChartsProps) {
  useFresh(KEY);
  const charts = useMemo(() => chartsOf(dashboard), [dashboard]);
  const time = search.timeRange ?? dashboard.timeWindow.default;
  const filter = useMemo<Overrides>(() => {
    const { namespace, startDate, endDate } = search;
    const given = startDate || endDate ? { startDate, endDate } : filterQuery({ timeRange: time });
    return Object.fromEntries(Object.entries({ namespace, ...given }).filter(([, value]) => value !== undefined));
  }, [search, time]);
  return (
    <Page
      title={dashboard.title}
      beside={<Switcher current={dashboard.id} />}
      actions={
        <>
          <TimeChoice value={search} onChange={onChange} initial={dashboard.timeWindow.default} />
          <Actions dashboard={dashboard} onEdit={(edit) => onChange({ ...search, edit })} />
        </>
      }
    >
      {charts.length === 0 ? (
        <Empty title="This dashboard has no charts">Edit its text and add some under `charts`.</Empty>
      ) : (
        <div className={css.grid}>
          {charts.map((chart) => (
            <ChartCard key={chart.id} dashboard={dashboard.id} chart={chart} filter={filter} queryKey={KEY} />
          ))}
        </div>
      )}
    </Page>
  );
}

function Actions({ dashboard, onEdit }: { dashboard: DashboardShape; onEdit: (edit: "text" | "copy") => void }) {
  const mayWrite = useMay("write");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, { open, close }] = useDisclosure();
  const remove = useMutation({
    mutationFn: () => api.delete("/dashboards/{id}", { params: { path: { id: dashboard.id } } }),
    onSuccess: async () => {
      notify.done(`The dashboard “${dashboard.title}” is deleted.`);
      await navigate({ to: "/" });
      client.removeQueries({ queryKey: ["dashboards", dashboard.id] });
      void client.invalidateQueries({ queryKey: ["dashboards"] });
    },
    onError: notify.problem,
  });
  if (!mayWrite) return null;
  if (dashboard.id === FIXED)
    return (
      <Button variant="default" onClick={() => onEdit("copy")}>
        Make your own of it
      </Button>
    );
  return (
    <>
      <Button variant="default" onClick={() => onEdit("text")}>
        Edit
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" aria-label="More">
            <IconDots className={css.icon} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => onEdit("copy")}>Make a copy …</Menu.Item>
          <Menu.Item color="red" onClick={open}>
            Delete …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={asking}
        title={`Delete “${dashboard.title}”?`}
        action="Delete the dashboard"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={close}
      >
        It goes for everybody. The executions that it shows stay.
      </Confirm>
    </>
  );
}
