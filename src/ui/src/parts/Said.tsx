import { partsOf } from "@/parts/sentences";
import { exactText } from "@/parts/time";

/** A sentence of the server: what it has in backticks as code, its instants in the reader's time zone. */
export function Said({ text }: { text: string }) {
  return (
    <>
      {partsOf(text).map(({ kind, text: part, at }) =>
        kind === "code" ? (
          <code key={at}>{part}</code>
        ) : kind === "instant" ? (
          <time key={at} dateTime={part}>
            {exactText(Date.parse(part)).replace(/\.\d{3}/, "")}
          </time>
        ) : (
          part
        ),
      )}
    </>
  );
}
