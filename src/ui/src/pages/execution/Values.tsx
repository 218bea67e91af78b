import { FileLink } from "@/pages/execution/FileLink";
import { JsonTree } from "@/parts/JsonTree";

const ADDRESS = /^(?:kestra|onbeat):\/\/\//;

/** Values of an execution as a tree, its files with download and preview. */
export function Values({ execution, value, path, open = 3 }: { execution: string; value: unknown; path: string; open?: number }) {
  return (
    <JsonTree
      value={value}
      path={path}
      open={open}
      leaf={(each) => (typeof each === "string" && ADDRESS.test(each) ? <FileLink execution={execution} address={each} /> : null)}
    />
  );
}
