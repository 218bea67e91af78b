import { Page } from "@/parts/Page";

export default function FlowsPage() {
  return <Page title="Flows">{null}</Page>;
}
