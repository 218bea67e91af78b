/** From one dashboard to another, and to a new one. */
import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "@/api/client";
import { useMay } from "@/app/useMe";
import css from "@/pages/dashboard/dashboard.module.css";

/** Which dashboards there are. */
export function useDashboards() {
  return useQuery({
    queryKey: ["dashboards"],
    queryFn: () => api.get("/dashboards", { params: { query: { size: 200 } } }),
    staleTime: 30_000,
  });
}

/** A menu of the dashboards. current: the one that is shown; none: the one that is always there. */
export function Switcher({ current }: { current?: string }) {
  const found = useDashboards();
  const mayWrite = useMay("write");
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="subtle" color="gray" rightSection={<IconChevronDown className={css.icon} aria-hidden />}>
          Dashboards
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to="/" aria-current={current === undefined || undefined}>
          On call
        </Menu.Item>
        {(found.data?.results ?? []).map((each) => (
          <Menu.Item
            key={each.id}
            aria-current={current === each.id || undefined}
            renderRoot={(props) => <Link to="/dashboards/$dashboard" params={{ dashboard: each.id }} {...props} />}
          >
            {each.title}
          </Menu.Item>
        ))}
        {mayWrite && (
          <>
            <Menu.Divider />
            <Menu.Item
              renderRoot={(props) => (
                <Link to="/dashboards/$dashboard" params={{ dashboard: "default" }} search={{ edit: "copy" }} {...props} />
              )}
            >
              New dashboard …
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
