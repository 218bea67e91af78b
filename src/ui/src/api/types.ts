/** Short names of the shapes that the API answers. */
import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type Execution = Schemas["ExecutionShape"];
export type ExecutionLine = Schemas["ExecutionLine"];
export type TaskRun = Schemas["TaskRunShape"];
export type Attempt = Schemas["AttemptShape"];
export type StateName = Schemas["State"];
export type StateHistory = Schemas["StateShape"];
export type Label = Schemas["Label"];
export type LogLine = Schemas["Line"];
export type Flow = Schemas["FlowShape"];
export type FlowWithSource = Schemas["FlowWithSource"];
export type FlowGraph = Schemas["FlowGraph"];
export type Trigger = Schemas["TriggerShape"];
export type Namespace = Schemas["Namespace"];
