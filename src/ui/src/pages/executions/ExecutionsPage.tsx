import { Page } from "@/parts/Page";

export default function ExecutionsPage() {
  return <Page title="Executions">{null}</Page>;
}
