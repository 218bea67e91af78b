import { Page } from "@/parts/Page";

export default function ExecutionPage() {
  return <Page title="Execution">{null}</Page>;
}
