import { Page } from "@/parts/Page";

export default function PluginPage() {
  return <Page title="Plugin">{null}</Page>;
}
