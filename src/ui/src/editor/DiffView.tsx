import { useMediaQuery } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import type { DiffViewProps } from "@/editor/Diff";
import { Loading } from "@/parts/Shown";
import { BREAK } from "@/theme";

const Diff = lazy(() => import("@/editor/Diff").then(({ Diff }) => ({ default: Diff })));

/** Two texts and what is different in them: side by side, on a phone one below the other. */
export function DiffView(props: DiffViewProps) {
  const phone = useMediaQuery(`(max-width: ${BREAK.phone}px)`) ?? false;
  return (
    <Suspense fallback={<Loading />}>
      <Diff {...props} unified={props.unified || phone} />
    </Suspense>
  );
}
