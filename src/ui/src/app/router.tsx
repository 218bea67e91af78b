/** Which page is at which address. Each page comes when it is asked for; its `search.ts` says what its address holds after the `?`. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { Broken } from "@/app/Broken";
import { Shell } from "@/app/Shell";
import { loading } from "@/app/updated";
import { dashboardSearch } from "@/pages/dashboard/search";
import { eventsSearch } from "@/pages/events/search";
import { executionSearch } from "@/pages/execution/search";
import { executionsSearch } from "@/pages/executions/search";
import { flowSearch } from "@/pages/flow/search";
import { flowsSearch } from "@/pages/flows/search";
import { namespacesSearch } from "@/pages/namespaces/search";
import { pluginsSearch } from "@/pages/plugins/search";
import { settingsSearch } from "@/pages/settings/search";
import { triggersSearch } from "@/pages/triggers/search";
import { ButtonLink } from "@/parts/ButtonLink";
import { Page } from "@/parts/Page";
import { Empty } from "@/parts/Shown";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Page title="Not found">
      <Empty
        title="There is no such page"
        action={
          <ButtonLink to="/" variant="default">
            To the dashboard
          </ButtonLink>
        }
      >
        The address may be from another version. Ctrl-K finds every page, flow and execution.
      </Empty>
    </Page>
  ),
  errorComponent: Broken,
});

const at = <P extends string, S extends object>(
  path: P,
  load: () => Promise<{ default: React.ComponentType }>,
  validateSearch: (given: Record<string, unknown>) => S,
) => createRoute({ getParentRoute: () => root, path, validateSearch, component: lazyRouteComponent(loading(load)) });

const none = () => ({});
const routes = [
  at("/", () => import("@/pages/dashboard/DashboardPage"), dashboardSearch),
  at("/dashboards/$dashboard", () => import("@/pages/dashboard/CustomDashboardPage"), dashboardSearch),
  at("/welcome", () => import("@/pages/welcome/WelcomePage"), none),
  at("/executions", () => import("@/pages/executions/ExecutionsPage"), executionsSearch),
  at("/executions/$id", () => import("@/pages/execution/ExecutionPage"), executionSearch),
  at("/flows", () => import("@/pages/flows/FlowsPage"), flowsSearch),
  at("/flows/new", () => import("@/pages/flow/NewFlowPage"), flowSearch),
  at("/flows/$namespace/$flow", () => import("@/pages/flow/FlowPage"), flowSearch),
  at("/triggers", () => import("@/pages/triggers/TriggersPage"), triggersSearch),
  at("/triggers/$name", () => import("@/pages/triggers/TriggerPage"), triggersSearch),
  at("/events", () => import("@/pages/events/EventsPage"), eventsSearch),
  at("/namespaces", () => import("@/pages/namespaces/NamespacesPage"), namespacesSearch),
  at("/namespaces/$namespace", () => import("@/pages/namespaces/NamespacePage"), namespacesSearch),
  at("/plugins", () => import("@/pages/plugins/PluginsPage"), pluginsSearch),
  at("/plugins/$type", () => import("@/pages/plugins/PluginPage"), pluginsSearch),
  at("/settings", () => import("@/pages/settings/SettingsPage"), settingsSearch),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: "/ui",
  defaultPreload: "intent",
  scrollRestoration: true,
  // A page that breaks leaves what is around it.
  defaultErrorComponent: Broken,
  // The values of an address are written plainly: `?state=FAILED&page=2`; a list as `?state=FAILED&state=KILLED`.
  parseSearch,
  stringifySearch,
});

function parseSearch(text: string): Record<string, unknown> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = found[name];
    found[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

function stringifySearch(search: Record<string, unknown>): string {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== null && each !== "" && each !== false) made.append(name, String(each));
  }
  const text = made.toString();
  return text ? `?${text}` : "";
}

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
