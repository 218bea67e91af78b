import { Page } from "@/parts/Page";

export default function NewFlowPage() {
  return <Page title="New flow">{null}</Page>;
}
