import { Page } from "@/parts/Page";

export default function DashboardPage() {
  return <Page title="Dashboard">{null}</Page>;
}
