import { Page } from "@/parts/Page";

export default function PluginsPage() {
  return <Page title="Plugins">{null}</Page>;
}
