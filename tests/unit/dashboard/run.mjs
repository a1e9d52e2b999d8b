// run.mjs SUITE.mjs FOLDER: bundles the suite with the page's modules that it tests into FOLDER, and
// runs it with node's test runner. Exit codes: 0; 1 a test failed.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const dashboard = fileURLToPath(new URL("../../../dashboard/", import.meta.url));
const [suite, folder] = process.argv.slice(2);
const { status } = spawnSync(join(dashboard, "../tools/install-npm"), [dashboard], { stdio: "inherit" });
if (status !== 0) process.exit(1);
const { buildSync } = createRequire(join(dashboard, "package.json"))("esbuild");
const outfile = join(folder, basename(suite));
buildSync({ entryPoints: [suite], bundle: true, platform: "node", format: "esm", outfile, logLevel: "warning" });
process.exit(spawnSync(process.execPath, ["--test", outfile], { stdio: "inherit" }).status ?? 1);
