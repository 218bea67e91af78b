import { Page } from "@/parts/Page";

export default function TriggersPage() {
  return <Page title="Triggers">{null}</Page>;
}
