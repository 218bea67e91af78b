/** What the server answered instead of what was asked for: RFC 9457, with the cure in `detail`. status 0: it was not reached. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Everything else that the answer holds: `errors` of a validation, `revision` of a stale save, ... */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, title: string, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.more = more;
  }

  get forbidden(): boolean {
    return this.status === 403;
  }

  get missing(): boolean {
    return this.status === 404;
  }

  get unreachable(): boolean {
    return this.status === 0;
  }

  /** Seconds until it is worth trying again, where the server said so (429). */
  get wait(): number | null {
    const seconds = Number(this.more.retryAfter);
    return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
  }

  /** From the body of an answer, whatever it is. retryAfter: its header of that name. */
  static of(status: number, body: unknown, retryAfter: string | null = null): Problem {
    const waits = retryAfter === null ? {} : { retryAfter };
    if (typeof body === "object" && body !== null) {
      const { title, detail, message, ...more } = body as Record<string, unknown>;
      return new Problem(status, String(title ?? `Error ${status}`), String(detail ?? message ?? ""), { ...more, ...waits });
    }
    return new Problem(status, `Error ${status}`, typeof body === "string" ? body.slice(0, 500) : "", waits);
  }
}

/** Any thrown thing as a Problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TypeError) {
    return new Problem(
      0,
      "The server cannot be reached",
      "It may be restarting. This page tries again by itself; `onbeat serve` starts it.",
    );
  }
  return new Problem(-1, "This page made a mistake", thrown instanceof Error ? thrown.message : String(thrown));
}
