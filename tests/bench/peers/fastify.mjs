// The deploy-status read and the bot list of Hatchery's API, written with fastify and pg: the same
// database, the same answers, the same questions of who the caller is. As one would write it who
// wants it fast: prepared statements, one statement for all parts of a status, schemas for the
// answers so that fastify compiles their serialisation, no log line a request.
//
//   DATABASE_URL=… node fastify.mjs POOL      prints {"port": …} when it serves
import { createHash } from "node:crypto";
import Fastify from "fastify";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.argv[2]) });
const app = Fastify({ logger: false });

const principal = {
  name: "principal",
  text: `SELECT t.user_id, u.role, t.scopes, t.expires_at
    FROM api_tokens t JOIN users u ON u.id = t.user_id
    WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)`,
};
const status = {
  name: "status",
  text: `SELECT b.id, b.status, b.condition, b.status_reason,
      o.id AS o_id, o.kind, o.state AS o_state, o.phase, o.cancel_requested, o.created_at,
      o.deadline_at, o.started_at AS o_started, o.finished_at, o.error, o.request_id,
      o.ended_jobs || coalesce(j.ended_jobs, '') AS ended_jobs,
      s.id AS s_id, s.name, s.state AS s_state, s.provider, s.region, s.type, s.public_ip,
      s.price_monthly, s.price_hourly, s.price_currency,
      j.step AS j_step, j.state AS j_state, j.failures AS j_failures, j.started_at AS j_started,
      j.begun_at AS j_begun, j.message AS j_message
    FROM bots b
    LEFT JOIN LATERAL (SELECT * FROM operations WHERE bot_id = b.id AND kind <> 'chat'
      ORDER BY created_at DESC, id DESC LIMIT 1) o ON true
    LEFT JOIN jobs j ON j.operation_id = o.id
    LEFT JOIN deployments d ON d.bot_id = b.id AND d.ended_at IS NULL
    LEFT JOIN servers s ON s.deployment_id = d.id AND s.state <> 'deleted'
    WHERE b.id = $1 AND b.deleted_at IS NULL AND b.user_id = $2`,
};
const list = {
  name: "list",
  text: `SELECT id, public_id, name, telegram_bot_id, telegram_username, model, model_base_url,
      provider, region, server_type, telegram_mode, allowed_telegram_user_ids, status, condition,
      status_reason, created_at, updated_at
    FROM bots WHERE deleted_at IS NULL AND user_id = $1 AND ($2::uuid IS NULL OR id < $2::uuid)
    ORDER BY id DESC LIMIT $3`,
};

const run = (statement, values) => pool.query({ ...statement, values });
const orNull = (text) => (text === "" ? null : text);
const money = (amount, currency) =>
  amount ? { amount: amount.replace(/(\.\d\d\d*?)0+$/, "$1"), currency } : null;

const text = { type: "string" };
const some = { type: "string", nullable: true };
const number = { type: "integer" };
const whole = (properties) => ({ type: "object", properties });
const orNothing = (properties) => ({ ...whole(properties), nullable: true });
const cost = orNothing({ amount: text, currency: text });
const step = whole({
  kind: text, phase: text, state: text, attempt: number, startedAt: some, finishedAt: some,
  message: text,
});
const statusSchema = whole({
  botId: text, status: text, condition: some, statusReason: some,
  operation: orNothing({
    id: text, botId: text, kind: text, state: text, phase: text,
    cancelRequested: { type: "boolean" }, createdAt: text, deadlineAt: text, startedAt: some,
    finishedAt: some, requestId: some,
    error: orNothing({ kind: text, message: text, nextAction: some }),
    steps: { type: "array", items: step },
  }),
  server: orNothing({
    id: text, name: text, state: text, provider: text, region: text, type: text, publicIp: some,
    cost, costHourly: cost,
  }),
  health: orNothing({ state: text, reason: some }),
});
const botSchema = whole({
  id: text, publicId: text, name: text, telegramBotId: number, telegramUsername: text, model: text,
  modelBaseUrl: some, provider: text, region: some, serverType: some, telegramMode: text,
  allowedTelegramUserIds: { type: "array", items: number }, status: text, condition: some,
  statusReason: some, createdAt: text, updatedAt: text,
});
const listSchema = whole({ items: { type: "array", items: botSchema }, next: some });

app.addHook("onRequest", async (request, reply) => {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const found = token && await run(principal, [
    createHash("sha256").update(token).digest("hex"), new Date()]);
  if (!found || found.rows.length === 0) {
    return reply.code(401).send({ status: 401, code: "unauthorized" });
  }
  if (!found.rows[0].scopes.includes("bots:read")) {
    return reply.code(403).send({ status: 403, code: "forbidden" });
  }
  request.user = found.rows[0].user_id;
});

// The steps behind an operation are a line of JSON each, times in microseconds.
function stepsOf(row) {
  const steps = row.ended_jobs.split("\n").filter(Boolean).map((line) => {
    const [, kind, state, failures, , , started, finished, message] = JSON.parse(line);
    return {
      kind, phase: "forward", state,
      attempt: started ? Math.max(1, failures + (state === "failed" ? 0 : 1)) : 0,
      startedAt: started && new Date(started / 1000), finishedAt: finished && new Date(finished / 1000),
      message,
    };
  });
  if (row.j_step) {
    steps.push({
      kind: row.j_step, phase: "forward",
      state: row.j_state === "available" ? (row.j_started ? "waiting" : "pending") : row.j_state,
      attempt: row.j_started ? row.j_failures + 1 : 0,
      startedAt: row.j_started, finishedAt: null, message: row.j_message,
    });
  }
  return steps;
}

function operationOf(row) {
  if (!row.o_id) return null;
  const alive = row.j_state;
  return {
    id: row.o_id, botId: row.id, kind: row.kind,
    state: row.finished_at ? row.o_state : alive && alive !== "available" ? alive
      : row.j_begun ? "running" : "pending",
    phase: row.phase, cancelRequested: row.cancel_requested, createdAt: row.created_at,
    deadlineAt: row.deadline_at, startedAt: row.finished_at ? row.o_started : row.j_begun,
    finishedAt: row.finished_at, requestId: orNull(row.request_id),
    error: row.error && {
      kind: row.error.kind, message: row.error.message, nextAction: row.error.nextAction ?? null },
    steps: stepsOf(row),
  };
}

app.get("/api/deploy/:botId/status", { schema: { response: { 200: statusSchema } } },
  async (request, reply) => {
    const row = (await run(status, [request.params.botId, request.user])).rows[0];
    if (!row) return reply.code(404).send({ status: 404, code: "not_found" });
    return {
      botId: row.id, status: row.status, condition: row.condition,
      statusReason: orNull(row.status_reason), operation: operationOf(row),
      server: row.s_id && {
        id: row.s_id, name: row.name, state: row.s_state, provider: row.provider,
        region: row.region, type: row.type, publicIp: orNull(row.public_ip),
        cost: money(row.price_monthly, row.price_currency),
        costHourly: money(row.price_hourly, row.price_currency),
      },
      health: row.status === "active"
        ? { state: row.condition === "degraded" ? "degraded" : "ok", reason: orNull(row.status_reason) }
        : row.status === "failed" ? { state: "failed", reason: orNull(row.status_reason) } : null,
    };
  });

app.get("/api/bots", { schema: { response: { 200: listSchema } } }, async (request) => {
  const limit = Math.min(200, Number(request.query.limit ?? 50));
  const { rows } = await run(list, [request.user, request.query.after ?? null, limit + 1]);
  const items = rows.slice(0, limit).map((row) => ({
    id: row.id, publicId: row.public_id, name: row.name, telegramBotId: Number(row.telegram_bot_id),
    telegramUsername: row.telegram_username, model: row.model,
    modelBaseUrl: orNull(row.model_base_url), provider: row.provider, region: orNull(row.region),
    serverType: orNull(row.server_type), telegramMode: row.telegram_mode,
    allowedTelegramUserIds: row.allowed_telegram_user_ids.map(Number), status: row.status,
    condition: row.condition, statusReason: orNull(row.status_reason), createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
  return { items, next: rows.length > limit ? items.at(-1).id : null };
});

await app.listen({ host: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ port: app.server.address().port }));
