import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { useMay, useMe } from "@/app/useMe";
import { MeTab } from "@/pages/settings/MeTab";
import { ServerTab } from "@/pages/settings/ServerTab";
import { SETTINGS_TABS, type SettingsTab } from "@/pages/settings/search";
import { Page, PageTabs } from "@/parts/Page";
import { Empty, Loading } from "@/parts/Shown";

const UsersTab = lazy(() => import("@/pages/settings/UsersTab"));
const TokensTab = lazy(() => import("@/pages/settings/TokensTab"));
const AuditTab = lazy(() => import("@/pages/settings/AuditTab"));

const TITLES: Record<SettingsTab, string> = { server: "Server", me: "Me", users: "Users", tokens: "Tokens", audit: "Audit" };
const ADMINS: ReadonlySet<SettingsTab> = new Set(["users", "tokens", "audit"]);

/** How the server is, who I am, and for an admin: who may do what, and who did what. */
export default function SettingsPage() {
  const navigate = useNavigate({ from: "/settings" });
  const me = useMe();
  // How the server is concerns all namespaces together.
  const everywhere = me?.namespaces.read === null;
  const { tab = everywhere ? "server" : "me" } = useSearch({ from: "/settings" });
  const somewhere = useMay("admin");
  // Users, tokens and the audit log belong to the whole server: an admin of a namespace has no part in them.
  const admin = somewhere && me?.namespaces.admin === null;
  const shown: Record<SettingsTab, () => ReactNode> = {
    server: () => <ServerTab />,
    me: () => <MeTab />,
    users: () => <UsersTab />,
    tokens: () => <TokensTab />,
    audit: () => <AuditTab />,
  };
  return (
    <Page
      title="Settings"
      wide={ADMINS.has(tab) && admin}
      below={
        <PageTabs
          value={tab}
          onChange={(next) => void navigate({ search: { tab: next } })}
          tabs={SETTINGS_TABS.filter((each) => each === tab || (ADMINS.has(each) ? admin : each !== "server" || everywhere)).map(
            (each) => ({
              value: each,
              label: TITLES[each],
            }),
          )}
        />
      }
    >
      {ADMINS.has(tab) && !admin ? (
        <Empty title="This is for an admin of the server" command={me?.user ? `onbeat users set ${me.user} --grant admin` : undefined}>
          Users, tokens and the audit log belong to all namespaces together. Who has the admin's token makes one an admin:
        </Empty>
      ) : (
        <Suspense fallback={<Loading />}>{shown[tab]()}</Suspense>
      )}
    </Page>
  );
}
