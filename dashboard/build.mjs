// build.mjs OUT.cpp: bundles the dashboard, names each file by its content, compresses it, and writes
// all of it as a C++ source that defines hatchery::dashboard::web_files.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error("usage: build.mjs OUT.cpp");
  process.exit(2);
}

const bundled = await build({
  entryPoints: [join(here, "src/main.tsx")],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  outdir: "/assets",
  write: false,
  logLevel: "warning",
});

const files = [];
const digest = (content) => createHash("sha256").update(content).digest("hex").slice(0, 16);

/** Files whose name says their content never change, so browsers may keep them. */
function addAsset(name, type, content) {
  const hash = digest(content);
  const dot = name.lastIndexOf(".");
  const path = `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
  files.push({ path, type, content });
  return path;
}

const output = (ending) => Buffer.from(bundled.outputFiles.find((file) => file.path.endsWith(ending)).contents);
const script = addAsset("app.js", "text/javascript; charset=utf-8", output(".js"));
const style = addAsset("app.css", "text/css; charset=utf-8", output(".css"));
const icon = addAsset("icon.svg", "image/svg+xml", readFileSync(join(here, "src/art/icon.svg")));
const page = readFileSync(join(here, "src/index.html"), "utf8")
  .replace("{{script}}", script)
  .replace("{{style}}", style)
  .replace("{{icon}}", icon);
files.push({ path: "/", type: "text/html; charset=utf-8", content: Buffer.from(page) });

/** A string literal of any bytes, in lines that compilers and editors can bear. */
function literal(bytes) {
  const lines = [];
  for (let from = 0; from < bytes.length; from += 96) {
    let line = "";
    for (const byte of bytes.subarray(from, from + 96)) {
      const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f;
      line += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
    }
    lines.push(`        "${line}"`);
  }
  return lines.length ? lines.join("\n") : '        ""';
}

const view = (bytes) => `std::string_view(\n${literal(bytes)},\n        ${bytes.length})`;
const entries = files.map(({ path, type, content }) => {
  const gzip = gzipSync(content, { level: 9 });
  const brotli = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  return `    {.path = "${path}", .type = "${type}",\n     .plain = ${view(content)},\n     .gzip = ${view(gzip)},\n     .brotli = ${view(brotli)},\n     .digest = "${digest(content)}"},`;
});

writeFileSync(
  out,
  `// Made by dashboard/build.mjs.
#include "dashboard/dashboard_files.hpp"

namespace hatchery::dashboard {

namespace {
constexpr WebFile files[] = {
${entries.join("\n")}
};
}  // namespace

std::span<const WebFile> web_files() { return files; }

}  // namespace hatchery::dashboard
`,
);
