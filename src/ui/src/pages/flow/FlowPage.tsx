import { Page } from "@/parts/Page";

export default function FlowPage() {
  return <Page title="Flow">{null}</Page>;
}
