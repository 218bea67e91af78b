import { Page } from "@/parts/Page";

export default function CustomDashboardPage() {
  return <Page title="Dashboard">{null}</Page>;
}
