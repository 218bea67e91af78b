// Make src/api/schema.d.ts, the types of the API, from the routes as they are in this checkout.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const venv = new URL("../../../.venv/bin/python", import.meta.url).pathname;
const python = process.env.PYTHON_OF_ONBEAT ?? (existsSync(venv) ? venv : "python3");
const program =
  "import sys, orjson; from onbeat.api.app import all_routes; from onbeat.api.openapi import document; sys.stdout.buffer.write(orjson.dumps(document(all_routes())))";
const source = new URL("../../", import.meta.url).pathname;
const text = execFileSync(python, ["-c", program], { env: { ...process.env, PYTHONPATH: source }, maxBuffer: 1 << 28 });
const made = await openapi(JSON.parse(text.toString()), { alphabetize: true });
writeFileSync(new URL("../src/api/schema.d.ts", import.meta.url), astToString(made));
