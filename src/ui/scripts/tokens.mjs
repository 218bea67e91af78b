// Refuse raw design values outside src/theme.ts: colours, and sizes that are not on the grid. Prints FILE:LINE: what, and exits 1.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const ROOT = new URL("../src", import.meta.url).pathname;
const ALLOWED = new Set(["theme.ts", "theme.test.ts"]);
const RULES = [
  [/#[0-9a-fA-F]{3,8}\b(?![^"'`]*[)\]}]?\s*=>)/, "a raw colour", /\.(css|tsx?)$/],
  [/\b(?:rgba?|hsla?|oklch)\(/, "a raw colour", /\.(css|tsx?)$/],
  [/(?<![\w.-])(?!0px|1px)\d+(?:\.\d+)?px\b/, "a raw size", /\.css$/],
  [/(?:font-size|line-height|transition(?:-duration)?|animation(?:-duration)?):\s*[\d.]+(?:px|rem|ms|s)\b/, "a raw size or time", /\.css$/],
  [/(?:fontSize|lineHeight|borderRadius|fontWeight):\s*["'\d]/, "a raw size", /\.tsx$/],
];

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (!ALLOWED.has(entry.name) && !/\.test\.tsx?$|schema\.d\.ts$/.test(entry.name)) yield path;
  }
}

let found = 0;
for (const path of files(ROOT)) {
  readFileSync(path, "utf8")
    .split("\n")
    .forEach((line, index) => {
      const text = line.replace(/\/\/.*$|\/\*.*?\*\/|href="#[^"]*"/g, "");
      if (/^\s*@(media|container)/.test(text)) return; // a media query cannot read a variable
      for (const [pattern, what, where] of RULES) {
        const hit = where.test(path) && text.match(pattern);
        if (hit) {
          found += 1;
          console.log(`${relative(ROOT, path)}:${index + 1}: ${what}: ${hit[0]} (tokens are in theme.ts)`);
        }
      }
    });
}
process.exit(found ? 1 : 0);
