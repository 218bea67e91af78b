import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { api } from "@/api/client";
import { useCommands } from "@/app/commands";
import { useMay } from "@/app/useMe";
import { DependenciesTab } from "@/pages/namespaces/DependenciesTab";
import { FlowsTab } from "@/pages/namespaces/FlowsTab";
import { NamespaceForm } from "@/pages/namespaces/NamespaceForm";
import css from "@/pages/namespaces/Namespaces.module.css";
import { lineage } from "@/pages/namespaces/names";
import { OverviewTab } from "@/pages/namespaces/OverviewTab";
import { NAMESPACE_TABS, type NamespaceTab } from "@/pages/namespaces/search";
import { Confirm } from "@/parts/Confirm";
import { notify } from "@/parts/notify";
import { Page, PageTabs } from "@/parts/Page";
import { Failed, Loading } from "@/parts/Shown";

const ExecutionsTab = lazy(() => import("@/pages/namespaces/ExecutionsTab"));
const FilesTab = lazy(() => import("@/pages/namespaces/files/FilesTab"));
const KvTab = lazy(() => import("@/pages/namespaces/kv/KvTab"));
const SecretsTab = lazy(() => import("@/pages/namespaces/secrets/SecretsTab"));

const TITLES: Record<NamespaceTab, string> = {
  overview: "Overview",
  flows: "Flows",
  executions: "Executions",
  files: "Files",
  kv: "KV",
  secrets: "Secrets",
  dependencies: "Dependencies",
};

/** One namespace and all that is in it. */
export default function NamespacePage() {
  const { namespace } = useParams({ from: "/namespaces/$namespace" });
  const { tab = "overview" } = useSearch({ from: "/namespaces/$namespace" });
  const navigate = useNavigate({ from: "/namespaces/$namespace" });
  const mayWrite = useMay("write", namespace);
  const [asked, setAsked] = useState<"describe" | "below" | "delete" | null>(null);
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ["namespace", namespace],
    queryFn: () => api.get("/namespaces/{namespace}", { params: { path: { namespace } } }),
    placeholderData: undefined,
  });
  const remove = useMutation({
    mutationFn: () => api.delete("/namespaces/{namespace}", { params: { path: { namespace } } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["namespaces"] });
      notify.done(`Namespace ${namespace} is removed.`);
      void navigate({ to: "/namespaces", search: {} });
    },
    onError: notify.problem,
    onSettled: () => setAsked(null),
  });
  useCommands(
    useMemo(
      () =>
        NAMESPACE_TABS.map((each) => ({
          id: `namespace:${each}`,
          label: `${TITLES[each]} of ${namespace}`,
          note: "Tab",
          run: () => void navigate({ search: { tab: each } }),
        })),
      [namespace, navigate],
    ),
  );

  const shown: Record<NamespaceTab, () => ReactNode> = {
    overview: () => (
      <OverviewTab namespace={namespace} description={found.data?.description ?? null} onDescribe={() => setAsked("describe")} />
    ),
    flows: () => <FlowsTab namespace={namespace} />,
    executions: () => <ExecutionsTab namespace={namespace} />,
    files: () => <FilesTab key={namespace} namespace={namespace} />,
    kv: () => <KvTab key={namespace} namespace={namespace} />,
    secrets: () => <SecretsTab key={namespace} namespace={namespace} />,
    dependencies: () => <DependenciesTab namespace={namespace} />,
  };

  return (
    <Page
      title={namespace}
      wide={tab !== "overview"}
      trail={<Trail namespace={namespace} />}
      actions={
        mayWrite && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" rightSection={<IconChevronDown className={css.icon} />}>
                Change
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setAsked("describe")}>Edit description</Menu.Item>
              <Menu.Item onClick={() => setAsked("below")}>New namespace below</Menu.Item>
              <Menu.Divider />
              <Menu.Item color="red" onClick={() => setAsked("delete")}>
                Delete namespace
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )
      }
      below={
        <PageTabs
          value={tab}
          onChange={(next) => void navigate({ search: { tab: next === "overview" ? undefined : next } })}
          tabs={NAMESPACE_TABS.map((each) => ({ value: each, label: TITLES[each] }))}
        />
      }
    >
      {found.isError && !found.data ? (
        <Failed error={found.error} again={() => void found.refetch()} />
      ) : !found.data ? (
        <Loading />
      ) : (
        <Suspense fallback={<Loading />}>{shown[tab]()}</Suspense>
      )}
      <NamespaceForm opened={asked === "describe"} onClose={() => setAsked(null)} of={found.data} />
      <NamespaceForm opened={asked === "below"} onClose={() => setAsked(null)} below={namespace} />
      <Confirm
        opened={asked === "delete"}
        title={`Delete namespace ${namespace}?`}
        action="Delete"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={() => setAsked(null)}
      >
        Its description goes. It must be empty: flows, values, files and secrets are deleted first. Past executions stay.
      </Confirm>
    </Page>
  );
}

function Trail({ namespace }: { namespace: string }) {
  return (
    <>
      <Link to="/namespaces" search={{}}>
        Namespaces
      </Link>
      {lineage(namespace)
        .slice(0, -1)
        .map((above) => (
          <span key={above}>
            {" / "}
            <Link to="/namespaces/$namespace" params={{ namespace: above }} search={{}}>
              {above.split(".").at(-1)}
            </Link>
          </span>
        ))}
      {" /"}
    </>
  );
}
