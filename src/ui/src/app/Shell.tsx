/** What is around every page: navigation, the state of the live connection, who is logged in. */
import { ActionIcon, Drawer, Menu, Tooltip, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconActivity,
  IconBolt,
  IconChevronDown,
  IconCommand,
  IconFolders,
  IconLayoutDashboard,
  IconMenu2,
  IconPlayerPlay,
  IconPlug,
  IconRoute,
  IconSettings,
  type TablerIcon,
} from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { api } from "@/api/client";
import { session } from "@/api/session";
import { openPalette } from "@/app/commands";
import { Keys } from "@/app/Keys";
import { LiveDot } from "@/app/LiveDot";
import { Mark } from "@/app/Mark";
import { Palette } from "@/app/Palette";
import css from "@/app/Shell.module.css";
import { useMe } from "@/app/useMe";
import { notify } from "@/parts/notify";

const PLACES: { to: string; label: string; icon: TablerIcon }[] = [
  { to: "/", label: "Dashboard", icon: IconLayoutDashboard },
  { to: "/executions", label: "Executions", icon: IconPlayerPlay },
  { to: "/flows", label: "Flows", icon: IconRoute },
  { to: "/triggers", label: "Triggers", icon: IconBolt },
  { to: "/events", label: "Events", icon: IconActivity },
  { to: "/namespaces", label: "Namespaces", icon: IconFolders },
  { to: "/plugins", label: "Plugins", icon: IconPlug },
  { to: "/settings", label: "Settings", icon: IconSettings },
];

export function Shell() {
  const [opened, drawer] = useDisclosure();
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it closes when the page changes
  useEffect(() => drawer.close(), [path]);
  return (
    <div className={css.shell}>
      <a className="skip" href="#content">
        To the content
      </a>
      <nav className={css.nav} aria-label="Pages">
        <Navigation />
      </nav>
      <nav className={css.top} aria-label="Top">
        <ActionIcon aria-label="Pages" onClick={drawer.open}>
          <IconMenu2 />
        </ActionIcon>
        <Link to="/" className={css.brand}>
          <Mark /> onbeat
        </Link>
        <LiveDot />
      </nav>
      <Drawer opened={opened} onClose={drawer.close} size="xs" title="onbeat" className={css.drawer}>
        <Navigation />
      </Drawer>
      <main className={css.main} id="content" tabIndex={-1}>
        <Outlet />
      </main>
      <Palette />
      <Keys />
    </div>
  );
}

function Navigation() {
  const custom = useRouterState({ select: (state) => state.location.pathname.startsWith("/dashboards/") });
  return (
    <div className={css.inner}>
      <Link to="/" className={css.brand} data-desktop>
        <Mark /> onbeat
      </Link>
      <UnstyledButton className={css.search} onClick={openPalette}>
        <IconCommand className={css.icon} aria-hidden /> Go to, or do … <kbd>Ctrl K</kbd>
      </UnstyledButton>
      <ul className={css.places}>
        {PLACES.map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <Link
              to={to}
              className={css.place}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              activeProps={{ "data-here": true }}
              data-here={(to === "/" && custom) || undefined}
            >
              <Icon className={css.icon} aria-hidden /> {label}
            </Link>
          </li>
        ))}
      </ul>
      <div className={css.foot}>
        <LiveDot words />
        <Account />
      </div>
    </div>
  );
}

function Account() {
  const me = useMe();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const logout = async () => {
    try {
      await api.post("/logout");
      session.set(null);
      location.reload();
    } catch (thrown) {
      notify.problem(thrown);
    }
  };
  return (
    <Menu position="top-start" width="target">
      <Menu.Target>
        <UnstyledButton className={css.account}>
          <Tooltip label={me?.name ?? ""}>
            <span className={css.who}>{me?.kind === "anonymous" ? "access is off" : me?.name}</span>
          </Tooltip>
          <IconChevronDown className={css.icon} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item renderRoot={(props) => <Link to="/settings" search={{ tab: "me" }} {...props} />}>
          {me?.kind === "anonymous" ? "What may be done" : "Me: roles, password, tokens"}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Colours</Menu.Label>
        {(["auto", "light", "dark"] as const).map((scheme) => (
          <Menu.Item key={scheme} onClick={() => setColorScheme(scheme)} rightSection={colorScheme === scheme ? "✓" : null}>
            {{ auto: "As the system", light: "Light", dark: "Dark" }[scheme]}
          </Menu.Item>
        ))}
        {me && me.kind !== "anonymous" && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => void logout()}>Log out</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
