/** How long a test waits for what must come: long, since a busy machine is no fault. */
import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 30_000 });
