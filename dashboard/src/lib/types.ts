// The API's answers as far as the dashboard reads them; openapi.json says the rest.

export type BotStatus = "pending" | "deploying" | "active" | "stopped" | "failed";
export type Condition = "sleeping" | "waking" | "upgrading" | "deleting" | "degraded";
export type State = "pending" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
export type Role = "user" | "support" | "admin";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Session {
  user: { id: string; email: string; name: string | null; role: Role };
  scopes: string[];
  csrfToken: string | null;
  expiresAt: string | null;
}

export interface Money {
  amount: string;
  currency: string;
}

export interface Bot {
  id: string;
  name: string;
  telegramBotId: number;
  telegramUsername: string;
  model: string;
  modelBaseUrl: string | null;
  provider: string;
  region: string | null;
  serverType: string | null;
  telegramMode: string;
  allowedTelegramUserIds: number[];
  status: BotStatus;
  condition: Condition | null;
  statusReason: string | null;
  createdAt: string;
  updatedAt: string;
}

/** A bot as an operator sees it. */
export interface FleetBot extends Bot {
  ownerEmail: string;
  openclawVersion: string | null;
  server: Server | null;
}

/** Somebody who wrote to a bot; the name is the person's own choice. */
export interface Sender {
  userId: number;
  name: string;
  username: string | null;
  lastAt: string;
  allowed: boolean;
}

/** What came for a bot; null where Telegram gives the messages to the bot itself. */
export interface Messages {
  received: number | null;
  waiting: number;
  failed: number;
  lastAt: string | null;
  senders: Sender[];
}

/** What a bot has cost, newest month first; `month` is the one that has begun. */
export interface BotCosts {
  month: string;
  months: { month: string; cost: Money | null; servers: number; unpricedServers: number }[];
}

/** What all of one's bots have cost in a month. */
export interface OwnCosts {
  month: string;
  totals: Money[];
  /** They are in no sum. */
  unpricedServers: number;
  bots: {
    botId: string | null;
    name: string | null;
    deleted: boolean;
    cost: Money | null;
    servers: number;
    unpricedServers: number;
  }[];
}

export interface Failure {
  kind: string;
  message: string;
  nextAction: string | null;
}

export interface Step {
  kind: string;
  phase: "forward" | "teardown";
  state: State;
  attempt: number;
  startedAt: string | null;
  finishedAt: string | null;
  message: string;
}

export interface Operation {
  id: string;
  botId: string;
  kind: string;
  state: State;
  phase: "forward" | "teardown";
  cancelRequested: boolean;
  createdAt: string;
  deadlineAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  error: Failure | null;
  steps: Step[];
}

export interface Server {
  id: string | null;
  name: string;
  state: string | null;
  provider: string;
  region: string;
  type: string;
  publicIp: string | null;
  cost: Money | null;
  costHourly: Money | null;
  botId?: string | null;
  providerServerId?: string | null;
  providerState?: string | null;
  orphan?: boolean;
}

export interface Deployment {
  botId: string;
  status: BotStatus;
  condition: Condition | null;
  statusReason: string | null;
  operation: Operation | null;
  server: Server | null;
  health: { state: string; reason: string | null } | null;
}

export type Level = "debug" | "info" | "warning" | "error";

/** One numbered line of a bot's story. */
export interface LogLine {
  seq: number;
  at: string;
  type: "log" | "step" | "status";
  level: Level;
  step: string | null;
  stream: "engine" | "stdout" | "stderr";
  message: string;
  operationId: string | null;
}

/** A server type in a region, as a provider sells it and the caller's plan has it. */
export interface Offer {
  provider: string;
  region: string;
  description: string;
  serverType: string;
  cores: number;
  memoryGb: number;
  available: boolean;
  priceMonthly: Money | null;
  priceHourly: Money | null;
}

export interface DeployOptions {
  models: { name: string; model: string; operatorKey: boolean }[];
  defaults: { provider: string; region: string | null; serverType: string | null };
  places: Offer[];
  /** Providers that have not told what they sell. */
  silentProviders: string[];
  /** How long the latest deploys took, typically; null before the first. */
  expectedSeconds: number | null;
}

export interface VerifiedToken {
  valid: boolean;
  bot: { id: number; username: string; name: string } | null;
  inUse: boolean;
}

export interface Job {
  jobId: string;
  type: string;
  status: "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED";
  message: string;
  payload: { botId: string; message?: string };
  result: { reply?: string; text?: string } | null;
  error: Failure | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

/** An account with its plan; an installation without plans has none of this. */
export interface Account {
  id: string;
  email: string;
  name: string | null;
  role: Role;
  createdAt: string;
  plan: { name: string; bots: number } | null;
  usage: { bots: number; servers: number };
  subscription: {
    plan: string | null;
    standing: "active" | "cancelled" | "grace" | "expired" | "none";
    status: "active" | "cancelled" | null;
    periodEnd: string | null;
    stopsAt: string | null;
    destroysAt: string | null;
  };
}

/** An API token without its secret. */
export interface ApiToken {
  id: string;
  name: string;
  scopes: string[];
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

/** A sign-in of the user. */
export interface SignIn {
  id: string;
  current: boolean;
  createdAt: string;
  lastUsedAt: string;
  address: string | null;
  userAgent: string | null;
}
