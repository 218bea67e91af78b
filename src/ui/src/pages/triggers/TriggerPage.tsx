import { Page } from "@/parts/Page";

export default function TriggerPage() {
  return <Page title="Trigger">{null}</Page>;
}
